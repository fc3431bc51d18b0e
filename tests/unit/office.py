"""The owner at a desk with a directory of stand-ins, and what comes of each command."""

import asyncio

import msgspec

from keystead.app import desk
from keystead.audit.chain import decode
from keystead.control.calls import Answer, Call, call
from keystead.domain.model import Scope
from keystead.domain.sign_in import sign_in
from tests.doubles import PASSWORD, FastHasher, SettableClock, directory


class Office:
    """A desk with a directory, and what the owner says there."""

    def __init__(self, press=None):
        self.hasher = FastHasher()
        self.clock = SettableClock()
        self.directory = directory(hasher=self.hasher, clock=self.clock)
        self.desk = desk(self.directory, press)

    def answer(self, command, **params):
        """Give the answer with its result as plain JSON values."""
        given = asyncio.run(call(self.desk, Call(command, params)))
        assert isinstance(given, Answer)
        return given

    def done(self, command, **params):
        """Have a command carried out and give its result."""
        given = self.answer(command, **params)
        assert given.outcome == "done", given
        assert (given.text, given.reason) == ("", "")
        return msgspec.json.decode(given.result)

    def add(self, name, scopes=Scope.ADMIN, **details):
        return self.done("users.add", name=name, password=PASSWORD, scopes=scopes, **details)

    def names(self):
        return [user["name"] for user in self.done("users.list")]

    def events(self):
        """Give what the audit trail tells, oldest first."""
        stored = asyncio.run(self.directory.store.reader.audit_events(0, 1000))
        return [decode(event) for event in stored]

    def sign_in(self, name, password=PASSWORD):
        return asyncio.run(sign_in(self.directory, name, password, "tablet"))


def refusal(reason):
    return Answer("refused", reason.value, reason.name)
