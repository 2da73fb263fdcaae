"""Restcomm: form requests, JSON or XML answers, numbers without a plus, inbound texts answered in RCML.

Documents: https://cloud.restcomm.com/docs/api/sms-api.html; where it is silent, the open-source server of 2019
(https://github.com/RestComm/Restcomm-Connect), with a setting wherever the two differ.
"""

from sandbox.carriers.restcomm.carrier import Restcomm
from sandbox.carriers.restcomm.message import Message
from sandbox.carriers.restcomm.rcml import Notification
from sandbox.carriers.restcomm.settings import Number, RestcommSettings

__all__ = ["Message", "Notification", "Number", "Restcomm", "RestcommSettings"]
