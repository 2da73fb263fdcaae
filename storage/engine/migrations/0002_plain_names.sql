-- The names of version 0.2.0 for tables, columns and kinds of 0.1.0. Keys of posts stay: Slack has them in its metadata.

ALTER TABLE doubts RENAME TO opt_out_questions;
DROP INDEX doubts_open;
CREATE UNIQUE INDEX opt_out_questions_open ON opt_out_questions (conversation_id) WHERE decision IS NULL;

ALTER TABLE people RENAME TO users;

ALTER TABLE attempts RENAME COLUMN settled_by TO reconciled_by;

UPDATE intake SET kind = 'action' WHERE kind = 'wish';
UPDATE posts SET kind = 'opt_out_question' WHERE kind = 'doubt';
UPDATE posts SET kind = 'status_line' WHERE kind = 'line';
UPDATE jobs SET kind = 'opt_out_question', key = replace(key, 'doubt:', 'opt_out_question:') WHERE kind = 'doubt';
UPDATE jobs SET kind = 'reconcile', lane = replace(lane, 'settle:', 'reconcile:'), key = replace(key, 'settle:', 'reconcile:')
    WHERE kind = 'settle';
