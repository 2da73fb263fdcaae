-- The Enterprise Grid organisation of the bot's workspace: Slack's requests of its other workspaces name it.

ALTER TABLE identity ADD COLUMN enterprise TEXT;
