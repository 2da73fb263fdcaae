"""Fone Dynamics, REST API v2: JSON, leased numbers.

Documents: https://www.fonedynamics.com/docs/rest-api/send-sms and its siblings `get-sms`, `find-sms`, `errors`.
"""

from sandbox.carriers.fonedynamics.carrier import FoneDynamics
from sandbox.carriers.fonedynamics.message import Forward, Message
from sandbox.carriers.fonedynamics.settings import FoneDynamicsSettings, WebhookForm

__all__ = ["FoneDynamics", "FoneDynamicsSettings", "Forward", "Message", "WebhookForm"]
