-- The number that a text leaves from: the contact's, a person's pin, and what the companies do with leased numbers.

ALTER TABLE conversations ADD COLUMN pinned_sender TEXT;    -- the sender that a person pinned, by its name in the settings
ALTER TABLE conversations ADD COLUMN texted_account TEXT;   -- the account of the number that the contact texted last
ALTER TABLE conversations ADD COLUMN texted_address TEXT;   -- that number
ALTER TABLE conversations ADD COLUMN texted_until BIGINT;   -- when its lease ends; null: it is a number of our own

ALTER TABLE messages ADD COLUMN address_note TEXT           -- inbound: why the thread shows the number that it went to
    CHECK (address_note IN ('changed', 'unlisted'));

ALTER TABLE leases ADD COLUMN named_at BIGINT;              -- when a text last named it as its sender, since it was given
ALTER TABLE leases ADD COLUMN refused_at BIGINT;            -- when the company refused it as a sender, since it was given

CREATE TABLE lease_habits (                -- what the answers of a company show about its leases
    account       TEXT PRIMARY KEY,
    blank         TEXT CHECK (blank IN ('same', 'fresh')),           -- the number of a second text without a sender
    named         TEXT CHECK (named IN ('accepted', 'refused')),     -- a text that names a lease as its sender
    replies       TEXT CHECK (replies IN ('arrive', 'missing')),     -- webhooks of replies to a lease that a text named
    learnt_at     BIGINT NOT NULL
);

UPDATE conversations SET
    texted_account = (
        SELECT account FROM messages
        WHERE conversation_id = conversations.id AND direction = 'in' AND our_address IS NOT NULL
        ORDER BY id DESC LIMIT 1
    ),
    texted_address = (
        SELECT our_address FROM messages
        WHERE conversation_id = conversations.id AND direction = 'in' AND our_address IS NOT NULL
        ORDER BY id DESC LIMIT 1
    );
UPDATE conversations SET texted_until = (
    SELECT expires_at FROM leases
    WHERE leases.account = conversations.texted_account AND leases.number = conversations.texted_address
        AND leases.contact_id = conversations.contact_id
);
