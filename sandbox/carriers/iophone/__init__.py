"""IO Phone, API version 6: JSON, one remembered callback URL per number, pictures.

Document: https://rental.software/support/knowledge-base/article/api-sms-text-message-sending-and-recieving
"""

from sandbox.carriers.iophone.carrier import IoPhone
from sandbox.carriers.iophone.message import Message
from sandbox.carriers.iophone.settings import IoPhoneSettings

__all__ = ["IoPhone", "IoPhoneSettings", "Message"]
