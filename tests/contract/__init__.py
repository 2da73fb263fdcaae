"""The contract suite: it runs over every provider of `providers.names()`, built in or from another package.

A provider needs data only: a folder with its name, under `fixtures/` here, or under a folder that the environment
variable THREADLINE_CONTRACT names (for a provider that lives in another package):

    <name>/contract.toml      its account, and where its status words are
    <name>/exchanges/*.http   our calls: the call, each expected request, each answer, the result
    <name>/webhooks/*.http    its webhooks: the request, our answer, the result
    <name>/forged/*.http      webhooks that must raise `Forged`, if it proves more than the token in the path

**contract.toml**

    status = ["providers.fonedynamics:STATUS"]   # its tables of status words, as `module:NAME`
    secrets = ["token-of-the-account"]           # values that no log, error or repr may contain
    path_token_only = true                       # it proves nothing itself, so there is nothing to forge; else forged/
    signed = ["url", "body"]                     # the parts that its signature covers; left out without one
    now = 2026-11-21T10:00:00Z                   # the time of the clock; this is the default
    [settings]                                   # for its Settings; {origin} becomes http://127.0.0.1:<port>, also
                                                 # in the result of an exchange
    base_url = "{origin}"

**A fixture** is one real payload with its meaning. It begins with its origin, in plain words, and continues in
sections, each under a line `=== name`:

    The sample of "Sending an SMS message from a lease", https://www.fonedynamics.com/docs/rest-api/send-sms
    === call
    send = { recipient = "+61488023555", text = "You call that an antenna?" }
    === request
    POST /v2/Properties/S7DNJ9KJDS0MDS23DKS9QMZ8DKJSD9KL/Messages
    Accept: application/json
    Content-Type: application/json

    {"From": "", …}
    === response
    200
    Content-Type: application/json

    {"Message": {…}}
    === result
    [[accepted]]
    provider_id = "M87DMNHSDJHSD48DMNSDS6VJCNKD9MD0"
    status = "accepted"
    sender = "+6199111222"

`call` (TOML) is one of

    send = { recipient = "+61…", sender = "Acme", text = "…", attempt = "…", media = ["https://…"], options = { … } }
    find_sent = { since = 2026-11-21T09:00:00Z, recipient = …, and so on as for send }
    look_up = { provider_id = "…" }
    list_inbound = { since = 2026-11-21T09:00:00Z }
    media_headers = { url = "https://…" }     # no request leaves; the result lists [[header]], each a name and a value

No `sender` means a leased one. `attempt` is ATTEMPT below unless it is given. Addresses are in the canonical form of
`sms.address`. Text and media of a call must not occur in any log or error, so let them be longer than a word or two.

`request` and `response` follow one another as often as there are requests; there is none where the call is refused
before any. The request that left is compared whole: method, path with query, every header and the body. Leave out the
headers that the client always sends and the suite checks itself: Host, Accept-Encoding, Connection, User-Agent,
Content-Length. JSON is compared by its value, XML in canonical form without the space around its texts, everything else
byte for byte. URLs of ours and the secret are the constants RECEIPTS, REPLIES, SENDER and SECRET below, written out.

`result` (TOML) lists the events under [[accepted]], [[receipt]], [[inbound]], [[ask]], with each attribute that differs
from its default (a Receipt's `status` is left out where it is None); or names the error,

    [refused]            # not_sent, throttled, refused, unsupported, unknown
    code = "COUNTRY_UNAVAILABLE"
    sentence = "Our Fone Dynamics account cannot send to this country. Use another sender."

or says `nothing = true`: None, or an empty list.

**A webhook** has instead of call, request and response

    === webhook
    POST /?a=1
    Content-Type: application/json

    {…}
    === for
    attempt = "testid123"        # the URL was made for this attempt; leave the section out where it was not
    === answer
    200
    Content-Type: text/plain

and `result` as above, or `[unreadable]`. At least one webhook has an `answer`.

`Webhook.url` is PUBLIC below and the path and query of the first line; a whole URL there (`POST https://…`) stands for
itself. A signature is a header like any other: the one that the provider sent, or one that you make over that URL and
this body with the credentials of contract.toml. The suite then changes each part that `signed` names, takes the headers
away and swaps them with those of another webhook; `verify` must raise `Forged` each time.

**Fixtures that each provider needs** (a test names the missing ones): a `send` that is accepted; one that is refused by
an answer; for each feature that is declared a fixture that shows it (an option `schedule` or `expiry` for these two);
every status word in a webhook or a look-up; a word that is in no table, where there are receipts; two webhooks with
different signatures, where there are any.
"""

PUBLIC = "https://threadline.example"
RECEIPTS = "https://threadline.example/receipts/rcpt-4b1f0c7e9a5d"
REPLIES = "https://threadline.example/replies/rply-8e2d6a3c1b7f"
SENDER = "https://threadline.example/sender/sndr-3d7a9c2e5b1f"
SECRET = "hook-5c9e1f7a3b2d"
ATTEMPT = "0190a8f2c4d67e31b5a90c8d7e6f5a4b"
