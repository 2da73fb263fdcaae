-- One contact per phone. In some countries a phone has two numbers (sms/spellings.py has the same rules); a STOP from one
-- must hold for both. The contact with the canonical number stays, and takes over what the other one has.

CREATE TABLE respelt (                     -- contacts whose number has another canonical spelling
    id            BIGINT PRIMARY KEY,
    former        TEXT NOT NULL,
    address       TEXT NOT NULL,
    kept_id       BIGINT
);

INSERT INTO respelt (id, former, address)
SELECT id, former, address FROM (
    SELECT id, address AS former, CASE
        WHEN address LIKE '+521__________' THEN '+52' || substr(address, 5)
        WHEN address LIKE '+5411________' OR address LIKE '+542_________' OR address LIKE '+543_________'
            THEN '+549' || substr(address, 4)
        WHEN address LIKE '+541115________' THEN '+54911' || substr(address, 8)
        WHEN address LIKE '+55__________' AND substr(address, 4, 1) <> '0' AND substr(address, 5, 1) <> '0'
            AND substr(address, 6, 1) IN ('6', '7', '8', '9')
            THEN substr(address, 1, 5) || '9' || substr(address, 6)
        WHEN address LIKE '+225________' AND substr(address, 5, 1) IN ('0', '4', '5', '6', '7', '8', '9')
            THEN '+225' || CASE
                WHEN substr(address, 6, 1) IN ('0', '1', '2', '3') THEN '01'
                WHEN substr(address, 6, 1) IN ('4', '5', '6') THEN '05'
                ELSE '07'
            END || substr(address, 5)
        WHEN address LIKE '+229________' AND substr(address, 5, 1) IN ('2', '4', '5', '6', '9')
            THEN '+22901' || substr(address, 5)
        WHEN address LIKE '+97256_______' OR address LIKE '+97259_______' THEN '+970' || substr(address, 5)
    END AS address FROM contacts
) AS found WHERE address IS NOT NULL;

UPDATE respelt SET kept_id = coalesce(
    (SELECT c.id FROM contacts AS c WHERE c.address = respelt.address),
    (SELECT min(other.id) FROM respelt AS other WHERE other.address = respelt.address)
);

CREATE TABLE merged (                      -- those of them that another contact replaces
    id            BIGINT PRIMARY KEY,
    kept_id       BIGINT NOT NULL
);
INSERT INTO merged (id, kept_id) SELECT id, kept_id FROM respelt WHERE kept_id <> id;

-- What people wrote down: the kept contact's own words first.
UPDATE contacts SET
    name = coalesce(name, (
        SELECT max(c.name) FROM merged AS m JOIN contacts AS c ON c.id = m.id WHERE m.kept_id = contacts.id
    )),
    time_zone = coalesce(time_zone, (
        SELECT max(c.time_zone) FROM merged AS m JOIN contacts AS c ON c.id = m.id WHERE m.kept_id = contacts.id
    )),
    notes = coalesce(notes || ' / ', '') || (
        SELECT max(c.notes) FROM merged AS m JOIN contacts AS c ON c.id = m.id WHERE m.kept_id = contacts.id
    )
WHERE id IN (SELECT m.kept_id FROM merged AS m JOIN contacts AS c ON c.id = m.id WHERE c.notes IS NOT NULL);
UPDATE contacts SET
    name = coalesce(name, (
        SELECT max(c.name) FROM merged AS m JOIN contacts AS c ON c.id = m.id WHERE m.kept_id = contacts.id
    )),
    time_zone = coalesce(time_zone, (
        SELECT max(c.time_zone) FROM merged AS m JOIN contacts AS c ON c.id = m.id WHERE m.kept_id = contacts.id
    ))
WHERE id IN (SELECT kept_id FROM merged);

-- An opt-out of either holds for both. A contact has one live opt-out: the newest, and it replaces the others.
UPDATE suppressions SET lift_source = 'merged', lifted_at = since
WHERE lifted_at IS NULL AND EXISTS (
    SELECT 1 FROM suppressions AS newer
    WHERE newer.lifted_at IS NULL AND newer.id > suppressions.id
        AND coalesce((SELECT m.kept_id FROM merged AS m WHERE m.id = newer.contact_id), newer.contact_id)
            = coalesce((SELECT m.kept_id FROM merged AS m WHERE m.id = suppressions.contact_id), suppressions.contact_id)
);
UPDATE suppressions SET contact_id = (SELECT m.kept_id FROM merged AS m WHERE m.id = suppressions.contact_id)
WHERE contact_id IN (SELECT id FROM merged);

-- Each conversation keeps its thread. Of a contact's conversations in an inbox only the newest can be open: it takes over
-- that somebody waits.
CREATE TABLE joined (                      -- the conversations of contacts that replace others
    id            BIGINT PRIMARY KEY,
    kept_id       BIGINT NOT NULL,
    inbox         TEXT NOT NULL,
    state         TEXT NOT NULL,
    waiting_since BIGINT,
    newest_id     BIGINT
);
INSERT INTO joined (id, kept_id, inbox, state, waiting_since)
SELECT c.id, coalesce(m.kept_id, c.contact_id), c.inbox, c.state, c.waiting_since
FROM conversations AS c LEFT JOIN merged AS m ON m.id = c.contact_id
WHERE m.id IS NOT NULL OR c.contact_id IN (SELECT kept_id FROM merged);
UPDATE joined SET newest_id = (
    SELECT max(other.id) FROM joined AS other WHERE other.kept_id = joined.kept_id AND other.inbox = joined.inbox
);
UPDATE conversations SET state = 'closed', waiting_since = NULL,
    closed_at = coalesce(last_in_at, last_out_at, opened_at)
WHERE state = 'open' AND id IN (SELECT id FROM joined WHERE id <> newest_id);
UPDATE conversations SET contact_id = (SELECT j.kept_id FROM joined AS j WHERE j.id = conversations.id)
WHERE id IN (SELECT id FROM joined);
UPDATE conversations SET state = 'open', closed_at = NULL,
    waiting_since = (SELECT min(j.waiting_since) FROM joined AS j WHERE j.newest_id = conversations.id)
WHERE id IN (SELECT newest_id FROM joined WHERE state = 'open');

-- The cards show the number, the opt-out and the newer thread.
INSERT INTO jobs (id, kind, subject, side, lane, key, run_at, created_at)
SELECT c.id, 'card', c.id, 'slack', 'card:' || CAST(c.id AS TEXT), 'card:' || CAST(c.id AS TEXT), 0, c.opened_at
FROM conversations AS c WHERE c.contact_id IN (SELECT kept_id FROM respelt)
    AND c.id NOT IN (SELECT id FROM jobs)
    AND 'card:' || CAST(c.id AS TEXT) NOT IN (SELECT key FROM jobs WHERE key IS NOT NULL AND claimed_by IS NULL);

-- Leases: one row for each number of ours, with the later end.
UPDATE leases SET
    expires_at = (
        SELECT max(l.expires_at) FROM leases AS l LEFT JOIN merged AS m ON m.id = l.contact_id
        WHERE l.account = leases.account AND l.number = leases.number
            AND coalesce(m.kept_id, l.contact_id) = leases.contact_id
    ),
    held_until = (
        SELECT max(l.held_until) FROM leases AS l LEFT JOIN merged AS m ON m.id = l.contact_id
        WHERE l.account = leases.account AND l.number = leases.number
            AND coalesce(m.kept_id, l.contact_id) = leases.contact_id
    )
WHERE contact_id IN (SELECT kept_id FROM merged);
DELETE FROM leases WHERE EXISTS (
    SELECT 1 FROM merged AS m JOIN leases AS other ON other.contact_id = m.kept_id
    WHERE m.id = leases.contact_id AND other.account = leases.account AND other.number = leases.number
);
UPDATE leases SET contact_id = (SELECT m.kept_id FROM merged AS m WHERE m.id = leases.contact_id)
WHERE contact_id IN (SELECT id FROM merged);

-- An erasure under way goes on for the contact that stays.
UPDATE erasures SET contact_id = NULL
WHERE contact_id IN (SELECT m.id FROM merged AS m JOIN erasures AS e ON e.contact_id = m.kept_id);
UPDATE erasures SET contact_id = (SELECT m.kept_id FROM merged AS m WHERE m.id = erasures.contact_id)
WHERE contact_id IN (SELECT id FROM merged);
UPDATE jobs SET subject = (SELECT m.kept_id FROM merged AS m WHERE m.id = jobs.subject)
WHERE kind = 'erase' AND subject IN (SELECT id FROM merged);

UPDATE attempts SET recipient = (SELECT r.address FROM respelt AS r WHERE r.former = attempts.recipient)
WHERE recipient IN (SELECT former FROM respelt);

DELETE FROM contacts WHERE id IN (SELECT id FROM merged);
UPDATE contacts SET address = (SELECT r.address FROM respelt AS r WHERE r.id = contacts.id)
WHERE id IN (SELECT id FROM respelt);

DROP TABLE joined;
DROP TABLE merged;
DROP TABLE respelt;
