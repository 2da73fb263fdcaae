-- Webhooks without the provider's proof, texts that no receipt follows, and texts that the provider sends later.

ALTER TABLE receipts ADD COLUMN unverified BIGINT NOT NULL DEFAULT 0; -- 1: only the token in the URL shows who sent it
ALTER TABLE attempts ADD COLUMN unverified BIGINT NOT NULL DEFAULT 0; -- 1: only such receipts tell its status
ALTER TABLE attempts ADD COLUMN no_receipt BIGINT NOT NULL DEFAULT 0; -- 1: the provider reports nothing about it
ALTER TABLE attempts ADD COLUMN scheduled_at BIGINT; -- when the provider sends it, if not at once
