"""IOVOX, Enterprise REST API v3: XML requests and answers, JSON receipts, inbound texts through an SMS Flow.

Documents: https://www.iovox.com/api/rest/sendSms.html, https://www.iovox.com/api/rest/getSmsData.html and
https://www.iovox.com/api/sms-flow/httpRequest.html
"""

from sandbox.carriers.iovox.carrier import FailoverCall, Iovox
from sandbox.carriers.iovox.flow import DESTINATION, MESSAGE, ORIGIN, Flow
from sandbox.carriers.iovox.settings import IovoxSettings

__all__ = ["DESTINATION", "MESSAGE", "ORIGIN", "FailoverCall", "Flow", "Iovox", "IovoxSettings"]
