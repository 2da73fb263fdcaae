BEGIN TRANSACTION;
CREATE TABLE alerts (                      -- one post in the alert channel, grouped by cause
    id            BIGINT PRIMARY KEY,
    cause         TEXT NOT NULL,
    sentence      TEXT NOT NULL,
    links         TEXT NOT NULL DEFAULT '[]',     -- JSON: conversations it is about, newest last
    count         BIGINT NOT NULL,
    first_at      BIGINT NOT NULL,
    last_at       BIGINT NOT NULL,
    acknowledged_by TEXT,
    resolved_at   BIGINT
);
INSERT INTO "alerts" VALUES(1000,'cause 1000 ünï','sentence 1000 ünï','links 1000 ünï',1000,1000,1000,'acknowledged_by 1000 ünï',1000);
CREATE TABLE attempts (                    -- one try to get one part of a message out through one sender
    id            BIGINT PRIMARY KEY,      -- also what providers carry for us (customKey, ExternalId)
    message_id    BIGINT NOT NULL REFERENCES messages (id),
    part          BIGINT NOT NULL,         -- from 1
    try           BIGINT NOT NULL,         -- from 1
    account       TEXT NOT NULL,
    sender        TEXT NOT NULL,           -- by the name the settings give it
    from_address  TEXT,                    -- asked for, then really used; null: a lease not yet known
    recipient     TEXT NOT NULL,
    text          TEXT,                    -- dropped after the retention time
    provider_id   TEXT,
    outcome       TEXT CHECK (outcome IN ('accepted', 'not sent', 'refused', 'unknown')),
    status        TEXT NOT NULL,
    word          TEXT,                    -- the provider's newest own word
    code          TEXT,
    sentence      TEXT,
    segments      BIGINT,
    reconciled_by    TEXT,                    -- how an unknown one became certain
    started_at    BIGINT NOT NULL,
    ended_at      BIGINT,
    accepted_at   BIGINT,
    delivered_at  BIGINT
, unverified BIGINT NOT NULL DEFAULT 0, no_receipt BIGINT NOT NULL DEFAULT 0, scheduled_at BIGINT);
INSERT INTO "attempts" VALUES(1000,1000,1000,1000,'account 1000 ünï','sender 1000 ünï','from_address 1000 ünï','recipient 1000 ünï','text 1000 ünï','provider_id 1000 ünï','accepted','status 1000 ünï','word 1000 ünï','code 1000 ünï','sentence 1000 ünï',1000,'reconciled_by 1000 ünï',1000,1000,1000,1000,1000,1000,1000);
CREATE TABLE callbacks (                   -- each token that we gave out in a URL, by its hash
    token_hash    TEXT PRIMARY KEY,
    scope         TEXT NOT NULL CHECK (scope IN ('attempt', 'conversation', 'sender')),
    subject       TEXT NOT NULL,           -- the attempt's or conversation's id, or the sender's name
    account       TEXT NOT NULL,
    created_at    BIGINT NOT NULL
);
INSERT INTO "callbacks" VALUES('token_hash 1000 ünï','attempt','subject 1000 ünï','account 1000 ünï',1000);
CREATE TABLE contacts (
    id            BIGINT PRIMARY KEY,
    address       TEXT NOT NULL UNIQUE,
    name          TEXT,
    notes         TEXT,
    time_zone     TEXT,                    -- IANA name, if a person set it
    created_at    BIGINT NOT NULL
);
INSERT INTO "contacts" VALUES(1000,'address 1000 ünï','name 1000 ünï','notes 1000 ünï','time_zone 1000 ünï',1000);
CREATE TABLE conversations (
    id            BIGINT PRIMARY KEY,
    contact_id    BIGINT NOT NULL REFERENCES contacts (id),
    inbox         TEXT NOT NULL,
    team          TEXT NOT NULL,
    channel       TEXT NOT NULL,
    thread_ts     TEXT,                    -- null until its card is posted
    sender        TEXT,                    -- the sender it keeps, by the name the settings give it
    from_address  TEXT,                    -- what our newest text came from; null: none went out
    state         TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    assignee      TEXT,                    -- a Slack user id
    waiting_since BIGINT,                  -- the first text of the contact that nobody answered; null: not our turn
    last_in_at    BIGINT,
    last_out_at   BIGINT,
    opened_at     BIGINT NOT NULL,
    closed_at     BIGINT
, pinned_sender TEXT, texted_account TEXT, texted_address TEXT, texted_until BIGINT);
INSERT INTO "conversations" VALUES(1000,1000,'inbox 1000 ünï','team 1000 ünï','channel 1000 ünï','thread_ts 1000 ünï','sender 1000 ünï','from_address 1000 ünï','open','assignee 1000 ünï',1000,1000,1000,1000,1000,'pinned_sender 1000 ünï','texted_account 1000 ünï','texted_address 1000 ünï',1000);
CREATE TABLE erasures (                    -- who was erased, by a keyed hash of the address
    address_hash  TEXT PRIMARY KEY,
    key_id        TEXT NOT NULL,           -- which key it is hashed with
    contact_id    BIGINT,                  -- while it is under way
    opted_out_since BIGINT,                -- they want no texts, and no suppression says so; null: that does not hold
    leases        TEXT,                    -- JSON: the live ones, which count at their provider still
    leases_until  BIGINT,
    done          TEXT NOT NULL,           -- JSON: what was done
    begun_at      BIGINT NOT NULL,
    done_at       BIGINT
);
INSERT INTO "erasures" VALUES('address_hash 1000 ünï','key_id 1000 ünï',1000,1000,'leases 1000 ünï',1000,'done 1000 ünï',1000,1000);
CREATE TABLE files (                       -- a file that came with a text, or goes out with one
    id            BIGINT PRIMARY KEY,
    message_id    BIGINT NOT NULL REFERENCES messages (id),
    direction     TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    source        TEXT NOT NULL,           -- inbound: the provider's URL; outbound: Slack's id of the file
    claimed_type  TEXT,                    -- as the other side claims it, never trusted
    name          TEXT,
    content_type  TEXT,                    -- as its content shows
    size          BIGINT,                  -- bytes
    is_linked     BIGINT NOT NULL DEFAULT 0,   -- 1: too large to go along, so the text gets a link to it
    slack_file    TEXT,                    -- inbound: Slack's id, from before it is shared
    slack_ts      TEXT,                    -- inbound: where it is shared
    completions   BIGINT NOT NULL DEFAULT 0,   -- how often Slack was asked to share it
    completed_at  BIGINT,                  -- when it was asked last
    state         TEXT NOT NULL CHECK (state IN ('new', 'here', 'uploaded', 'shared', 'failed', 'gone')),
    sentence      TEXT,                    -- failed: why
    tried_at      BIGINT,                  -- failed: when
    expires_at    BIGINT,                  -- outbound: until when its URL works
    created_at    BIGINT NOT NULL
);
INSERT INTO "files" VALUES(1000,1000,'in','source 1000 ünï','claimed_type 1000 ünï','name 1000 ünï','content_type 1000 ünï',1000,1000,'slack_file 1000 ünï','slack_ts 1000 ünï',1000,1000,'new','sentence 1000 ünï',1000,1000,1000);
CREATE TABLE identity (                    -- who the bot is at Slack, so that a start works while Slack is down
    team          TEXT PRIMARY KEY,
    bot_id        TEXT NOT NULL,
    bot_user      TEXT NOT NULL,
    url           TEXT NOT NULL,
    seen_at       BIGINT NOT NULL
, enterprise TEXT);
INSERT INTO "identity" VALUES('team 1000 ünï','bot_id 1000 ünï','bot_user 1000 ünï','url 1000 ünï',1000,'enterprise 1000 ünï');
CREATE TABLE intake (                      -- every webhook and Slack event as it came, before it is answered
    id            BIGINT PRIMARY KEY,
    source        TEXT NOT NULL,           -- an account's name, 'slack' or 'command line'
    kind          TEXT NOT NULL,           -- what the bridge calls it
    dedup_key     TEXT NOT NULL UNIQUE,
    headers       TEXT NOT NULL,           -- JSON
    body          TEXT,                    -- as it came; dropped after the retention time
    body_encoding TEXT NOT NULL,           -- 'utf-8' or 'base64'
    parsed        TEXT,                    -- JSON; null if it could not be read
    callback      TEXT,                    -- hash of the path token it came in by
    state         TEXT NOT NULL CHECK (state IN ('new', 'done', 'dead')),
    error         TEXT,
    received_at   BIGINT NOT NULL,
    done_at       BIGINT
);
INSERT INTO "intake" VALUES(1000,'source 1000 ünï','kind 1000 ünï','dedup_key 1000 ünï','headers 1000 ünï','body 1000 ünï','body_encoding 1000 ünï','parsed 1000 ünï','callback 1000 ünï','new','error 1000 ünï',1000,1000);
CREATE TABLE jobs (                        -- something to be done on the other side
    id            BIGINT PRIMARY KEY,
    kind          TEXT NOT NULL,
    subject       BIGINT NOT NULL,
    side          TEXT NOT NULL CHECK (side IN ('slack', 'sms')),   -- the other side that it is towards
    lane          TEXT NOT NULL,           -- a job waits for the earlier jobs of its lane
    key           TEXT,                    -- two waiting jobs of one key are one job
    payload       TEXT,                    -- JSON
    run_at        BIGINT NOT NULL,
    tries         BIGINT NOT NULL DEFAULT 0,
    claimed_by    TEXT,
    claimed_until BIGINT,
    waits_for     TEXT,                    -- the limit that has no room for it
    last_error    TEXT,
    created_at    BIGINT NOT NULL,
    reason        BIGINT                   -- the row of the intake that it follows from, for the log
);
INSERT INTO "jobs" VALUES(1000,'kind 1000 ünï',1000,'slack','lane 1000 ünï','key 1000 ünï','payload 1000 ünï',1000,1000,'claimed_by 1000 ünï',1000,'waits_for 1000 ünï','last_error 1000 ünï',1000,1000);
CREATE TABLE lease_habits (                -- what the answers of a company show about its leases
    account       TEXT PRIMARY KEY,
    blank         TEXT CHECK (blank IN ('same', 'fresh')),           -- the number of a second text without a sender
    named         TEXT CHECK (named IN ('accepted', 'refused')),     -- a text that names a lease as its sender
    replies       TEXT CHECK (replies IN ('arrive', 'missing')),     -- webhooks of replies to a lease that a text named
    learnt_at     BIGINT NOT NULL
);
INSERT INTO "lease_habits" VALUES('account 1000 ünï','same','accepted','arrive',1000);
CREATE TABLE leases (                      -- a number that a provider assigned to us for one contact
    id            BIGINT PRIMARY KEY,
    account       TEXT NOT NULL,
    number        TEXT NOT NULL,
    contact_id    BIGINT NOT NULL REFERENCES contacts (id),
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    stands_for    TEXT,                    -- the name that it was put in the place of; null: it was asked for
    leased_at     BIGINT NOT NULL,         -- when the term began that runs, or ran last
    last_used_at  BIGINT NOT NULL,
    heard_at      BIGINT,                  -- when the contact last texted to it in this term
    expires_at    BIGINT NOT NULL,
    held_until    BIGINT NOT NULL,         -- until then it may count as one of the contact's: never before its end
    told_end      BIGINT                   -- the end that the thread was told of
, named_at BIGINT, refused_at BIGINT);
INSERT INTO "leases" VALUES(1000,'account 1000 ünï','number 1000 ünï',1000,1000,'stands_for 1000 ünï',1000,1000,1000,1000,1000,1000,1000,1000);
CREATE TABLE messages (
    id            BIGINT PRIMARY KEY,
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    direction     TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    origin        TEXT NOT NULL,           -- sms, reply, command, modal, template, keyword …
    text          TEXT,                    -- null: not decoded yet, or dropped after the retention time
    typed         TEXT,                    -- JSON: what the person wrote in Slack, until it is decoded
    media         TEXT NOT NULL DEFAULT '[]',
    encoding      TEXT,
    segments      BIGINT,
    author        TEXT,                    -- a Slack user id
    account       TEXT,                    -- inbound: where it came in
    provider_id   TEXT,                    -- inbound: the provider's own
    our_address   TEXT,                    -- inbound: the sender of ours that it was sent to
    said_at       BIGINT,                  -- inbound: when it was sent, as the provider says
    repeats       BIGINT,                  -- inbound without an id: the message that it may repeat
    recovered     TEXT,                    -- how it was found, if it did not come by itself
    team          TEXT,
    slack_channel TEXT,                    -- outbound: the Slack message that it was typed as
    slack_ts      TEXT,
    slack_thread  TEXT,                    -- in which thread, by its root
    written       TEXT,                    -- a digest of what was typed, so that an edit that changes nothing is none
    post_id       BIGINT REFERENCES posts (id),   -- where its text is shown, if that is a post of ours
    state         TEXT CHECK (state IN ('held', 'scheduled', 'cancelled', 'asked')),
    status        TEXT,                    -- outbound: that of its newest try
    code          TEXT,
    sentence      TEXT,                    -- for the thread, when it is not simply under way
    via           TEXT,                    -- the sender that a person chose for this text
    options       TEXT,                    -- JSON: the provider's options that a person chose for it
    parts         TEXT,                    -- JSON: the texts that it goes out in, where it is too long for one
    at_once       BIGINT NOT NULL DEFAULT 0,   -- 1: a person decided that quiet hours do not hold it
    not_before    BIGINT,
    expires_at    BIGINT,                  -- after which it is asked about instead of sent
    decided_at    BIGINT NOT NULL DEFAULT 0,   -- a person's newest decision to send it; tries before it do not count
    removed_at    BIGINT,                  -- when its text was dropped, after the retention time
    created_at    BIGINT NOT NULL,
    intake_id     BIGINT                   -- the row of the intake that it came of, for the log; that may be gone
, address_note TEXT           -- inbound: why the thread shows the number that it went to
    CHECK (address_note IN ('changed', 'unlisted')));
INSERT INTO "messages" VALUES(1000,1000,'in','origin 1000 ünï','text 1000 ünï','typed 1000 ünï','media 1000 ünï','encoding 1000 ünï',1000,'author 1000 ünï','account 1000 ünï','provider_id 1000 ünï','our_address 1000 ünï',1000,1000,'recovered 1000 ünï','team 1000 ünï','slack_channel 1000 ünï','slack_ts 1000 ünï','slack_thread 1000 ünï','written 1000 ünï',1000,'held','status 1000 ünï','code 1000 ünï','sentence 1000 ünï','via 1000 ünï','options 1000 ünï','parts 1000 ünï',1000,1000,1000,1000,1000,1000,1000,'changed');
CREATE TABLE migrations (
    version    BIGINT PRIMARY KEY,
    name       TEXT NOT NULL,
    applied_at BIGINT NOT NULL
);
INSERT INTO "migrations" VALUES(1,'first',1765535460000000);
INSERT INTO "migrations" VALUES(2,'plain_names',1765535460000000);
INSERT INTO "migrations" VALUES(3,'one_number_per_phone',1765535460000000);
INSERT INTO "migrations" VALUES(4,'senders',1765535460000000);
INSERT INTO "migrations" VALUES(5,'receipts',1765535460000000);
INSERT INTO "migrations" VALUES(6,'enterprise',1765535460000000);
CREATE TABLE "opt_out_questions" (                      -- texts that probably ask for no more texts, and what a person made of each
    message_id    BIGINT PRIMARY KEY REFERENCES messages (id),
    conversation_id BIGINT NOT NULL REFERENCES conversations (id),
    decision      TEXT CHECK (decision IN ('stop', 'no')),
    decided_by    TEXT,                    -- a Slack user id; null with a decision: the contact opted out in another way
    decided_at    BIGINT,
    created_at    BIGINT NOT NULL
);
INSERT INTO "opt_out_questions" VALUES(1000,1000,'stop','decided_by 1000 ünï',1000,1000);
CREATE TABLE pauses (                      -- a Retry-After that outlives a restart
    key           TEXT PRIMARY KEY,        -- a Slack method, an account, or an account and a method
    until         BIGINT NOT NULL,
    length        BIGINT NOT NULL          -- microseconds: it never lasts longer, wherever the clock is set
);
INSERT INTO "pauses" VALUES('key 1000 ünï',1000,1000);
CREATE TABLE posts (                       -- one thing we put into Slack, found again by its key
    id            BIGINT PRIMARY KEY,
    key           TEXT NOT NULL UNIQUE,
    kind          TEXT NOT NULL,           -- card, text, line, notice, alert, file
    subject       BIGINT NOT NULL,         -- what it shows: a conversation, a message, an alert
    team          TEXT NOT NULL,
    channel       TEXT NOT NULL,
    thread_ts     TEXT,
    ts            TEXT,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'refused', 'gone')),
    digest        TEXT,                    -- of what it shows now, so that an edit that changes nothing is not made
    tried_at      BIGINT NOT NULL,
    sent_at       BIGINT,
    error         TEXT
);
INSERT INTO "posts" VALUES(1000,'key 1000 ünï','kind 1000 ünï',1000,'team 1000 ünï','channel 1000 ünï','thread_ts 1000 ünï','ts 1000 ünï','waiting','digest 1000 ünï',1000,1000,'error 1000 ünï');
CREATE TABLE quotas (                      -- what an account has used of its limits
    id            BIGINT PRIMARY KEY,
    account       TEXT NOT NULL,
    sender        TEXT NOT NULL,           -- by the name the settings give it
    kind          TEXT NOT NULL,           -- texts or requests
    attempt_id    BIGINT,
    used_at       BIGINT NOT NULL
);
INSERT INTO "quotas" VALUES(1000,'account 1000 ünï','sender 1000 ünï','kind 1000 ünï',1000,1000);
CREATE TABLE receipts (                    -- only added, never changed but for the attempt they turn out to be about
    id            BIGINT PRIMARY KEY,
    account       TEXT NOT NULL,
    provider_id   TEXT,
    attempt_id    BIGINT REFERENCES attempts (id),
    word          TEXT NOT NULL,
    status        TEXT,                    -- null: a word we do not know
    code          TEXT,
    description   TEXT,
    sentence      TEXT,
    sender        TEXT,                    -- where it names the one that was really used
    segments      BIGINT,
    opted_out     BIGINT NOT NULL,         -- 1: the contact told the provider or the carrier to stop
    said_at       BIGINT,
    received_at   BIGINT NOT NULL,
    intake_id     BIGINT REFERENCES intake (id)
, unverified BIGINT NOT NULL DEFAULT 0);
INSERT INTO "receipts" VALUES(1000,'account 1000 ünï','provider_id 1000 ünï',1000,'word 1000 ünï','status 1000 ünï','code 1000 ünï','description 1000 ünï','sentence 1000 ünï','sender 1000 ünï',1000,1000,1000,1000,1000,1000);
CREATE TABLE suppressions (                -- who opted out, when, and the evidence; lifted, never deleted
    id            BIGINT PRIMARY KEY,
    contact_id    BIGINT NOT NULL REFERENCES contacts (id),
    since         BIGINT NOT NULL,
    lifted_at     BIGINT,
    source        TEXT NOT NULL,           -- 'keyword', 'person', 'provider'
    evidence      TEXT NOT NULL,           -- the word that was texted, a Slack user id, the provider's code
    message_id    BIGINT REFERENCES messages (id),   -- the contact's text that says it, or ours that was refused for it
    confirmation_id BIGINT REFERENCES messages (id), -- the one text of ours that may still go out
    lift_source   TEXT,                    -- 'keyword' or 'person'
    lift_evidence TEXT,
    lift_message_id BIGINT REFERENCES messages (id)
);
INSERT INTO "suppressions" VALUES(1000,1000,1000,1000,'source 1000 ünï','evidence 1000 ünï',1000,1000,'lift_source 1000 ünï','lift_evidence 1000 ünï',1000);
CREATE TABLE templates (
    id            BIGINT PRIMARY KEY,
    inbox         TEXT NOT NULL,
    name          TEXT NOT NULL,
    text          TEXT NOT NULL,
    author        TEXT,
    created_at    BIGINT NOT NULL,
    UNIQUE (inbox, name)
);
INSERT INTO "templates" VALUES(1000,'inbox 1000 ünï','name 1000 ünï','text 1000 ünï','author 1000 ünï',1000);
CREATE TABLE "users" (                      -- Slack users, as Slack last described them
    team          TEXT NOT NULL,
    id            TEXT NOT NULL,
    name          TEXT NOT NULL,
    bot           BIGINT NOT NULL,
    guest         BIGINT NOT NULL,
    stranger      BIGINT NOT NULL,
    removed       BIGINT NOT NULL,
    seen_at       BIGINT NOT NULL,
    time_zone     TEXT,                    -- IANA name, as Slack has it
    PRIMARY KEY (team, id)
);
INSERT INTO "users" VALUES('team 1000 ünï','id 1000 ünï','name 1000 ünï',1000,1000,1000,1000,1000,'time_zone 1000 ünï');
CREATE TABLE watermarks (                  -- how far something has been read
    key           TEXT PRIMARY KEY,
    value         TEXT NOT NULL
);
INSERT INTO "watermarks" VALUES('key 1000 ünï','value 1000 ünï');
CREATE INDEX intake_new ON intake (id) WHERE state = 'new';
CREATE INDEX intake_dead ON intake (id) WHERE state = 'dead';
CREATE INDEX intake_done ON intake (done_at) WHERE state = 'done' AND body IS NOT NULL;
CREATE INDEX contacts_search ON contacts (name, address, id);
CREATE UNIQUE INDEX suppressions_live ON suppressions (contact_id) WHERE lifted_at IS NULL;
CREATE INDEX suppressions_contact ON suppressions (contact_id, id);
CREATE UNIQUE INDEX erasures_contact ON erasures (contact_id);
CREATE INDEX erasures_leases ON erasures (leases_until) WHERE leases_until IS NOT NULL;
CREATE INDEX erasures_opted_out ON erasures (key_id) WHERE opted_out_since IS NOT NULL;
CREATE UNIQUE INDEX conversations_open ON conversations (contact_id, inbox) WHERE state = 'open';
CREATE UNIQUE INDEX conversations_thread ON conversations (team, channel, thread_ts);
CREATE INDEX conversations_places ON conversations (inbox, channel) WHERE state = 'open';
CREATE INDEX conversations_contact ON conversations (contact_id, inbox, id);
CREATE INDEX conversations_waiting ON conversations (inbox, waiting_since) WHERE waiting_since IS NOT NULL;
CREATE UNIQUE INDEX posts_ts ON posts (team, channel, ts);
CREATE INDEX posts_subject ON posts (subject, kind);
CREATE UNIQUE INDEX messages_provider_id ON messages (account, provider_id);
CREATE UNIQUE INDEX messages_slack_ts ON messages (team, slack_channel, slack_ts);
CREATE INDEX messages_typed ON messages (slack_channel, created_at) WHERE slack_ts IS NOT NULL;
CREATE INDEX messages_conversation ON messages (conversation_id, id);
CREATE INDEX messages_unposted ON messages (conversation_id, id) WHERE post_id IS NULL;
CREATE INDEX messages_post ON messages (post_id, id) WHERE post_id IS NOT NULL;
CREATE INDEX messages_unsettled ON messages (conversation_id, id) WHERE status IN ('queued', 'sending', 'failed');
CREATE INDEX messages_created ON messages (created_at);
CREATE INDEX messages_kept ON messages (created_at) WHERE removed_at IS NULL;
CREATE INDEX messages_failed ON messages (id) WHERE status = 'failed' AND state IS NULL;
CREATE INDEX messages_set_aside ON messages (state, conversation_id) WHERE state IS NOT NULL;
CREATE INDEX messages_later ON messages (not_before) WHERE state = 'scheduled';
CREATE UNIQUE INDEX attempts_try ON attempts (message_id, part, try);
CREATE UNIQUE INDEX attempts_provider_id ON attempts (account, provider_id);
CREATE INDEX attempts_leasing ON attempts (account, recipient) WHERE from_address IS NULL;
CREATE INDEX attempts_doubtful ON attempts (account, recipient)
    WHERE outcome IS NULL OR outcome = 'unknown' OR reconciled_by IS NOT NULL;
CREATE INDEX attempts_sending ON attempts (id) WHERE outcome IS NULL;
CREATE INDEX attempts_accepted ON attempts (account, sender, accepted_at) WHERE accepted_at IS NOT NULL;
CREATE INDEX attempts_unknown ON attempts (id) WHERE outcome = 'unknown';
CREATE INDEX attempts_ended ON attempts (account, outcome, ended_at);
CREATE INDEX receipts_attempt ON receipts (attempt_id, id);
CREATE INDEX receipts_unclaimed ON receipts (account, provider_id) WHERE attempt_id IS NULL;
CREATE INDEX callbacks_subject ON callbacks (subject);
CREATE UNIQUE INDEX leases_number ON leases (account, number, contact_id);
CREATE INDEX leases_expiry ON leases (expires_at, id);
CREATE INDEX leases_ending ON leases (expires_at);
CREATE INDEX leases_contact ON leases (contact_id, account, held_until);
CREATE INDEX jobs_waiting ON jobs (waits_for, id) WHERE waits_for IS NOT NULL;
CREATE UNIQUE INDEX jobs_keyed ON jobs (key) WHERE claimed_by IS NULL;
CREATE INDEX jobs_lane ON jobs (lane, id);
CREATE INDEX jobs_due ON jobs (side, run_at, id) WHERE claimed_by IS NULL;
CREATE UNIQUE INDEX alerts_live ON alerts (cause) WHERE resolved_at IS NULL;
CREATE INDEX alerts_lasting ON alerts (id) WHERE resolved_at IS NULL;
CREATE INDEX quotas_used ON quotas (account, used_at);
CREATE INDEX quotas_sender ON quotas (account, sender, used_at);
CREATE INDEX quotas_old ON quotas (used_at);
CREATE INDEX quotas_attempt ON quotas (attempt_id) WHERE attempt_id IS NOT NULL;
CREATE INDEX files_message ON files (message_id, id);
CREATE UNIQUE INDEX opt_out_questions_open ON opt_out_questions (conversation_id) WHERE decision IS NULL;
COMMIT;
