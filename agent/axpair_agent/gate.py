"""The token: without it no call gets in, and none costs those anything that have it."""

import concurrent.futures
import hmac
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import grpc
from axpair_proto.reasons import METADATA_KEY, TOKEN_KEY, Reason

PAUSE_SECONDS = 0.02
"""Between one refusal and the next."""

MAX_REFUSALS = 512
"""Where so many calls wait to be refused, they are refused without a pause, so that no more pile up."""


class Refusals(concurrent.futures.ThreadPoolExecutor):
    """One thread that gives refused calls their status, one after the other: whoever guesses waits for all that do,
    and nobody else does."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="refusal")
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._waiting = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "concurrent.futures.Future[Any]":
        """Have `fn` run in its turn."""
        with self._lock:
            self._waiting += 1
        return super().submit(self._in_turn, fn, *args, **kwargs)

    def end(self) -> None:
        """No more pauses: the agent is ending."""
        self._ending.set()

    def _in_turn(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._waiting <= MAX_REFUSALS:
            self._ending.wait(PAUSE_SECONDS)
        with self._lock:
            self._waiting -= 1
        return fn(*args, **kwargs)


class TokenGate(grpc.ServerInterceptor):
    """Refuses every call whose metadata lack "Bearer " and the token, whatever its method, and takes no message of it.

    Interceptors run in the thread that serves all connections: here is decided, and nothing waited for.
    """

    def __init__(self, token: str) -> None:
        self.refusals = Refusals()
        self._expected = f"Bearer {token}".encode()
        self._missing = self._refusing("no token came")
        self._wrong = self._refusing("the token is wrong, or there are several")

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Hand the call on, or to a handler that refuses it."""
        given = [value for key, value in handler_call_details.invocation_metadata or () if key == TOKEN_KEY]
        # One of several would have to be chosen, and whoever stands between might choose another.
        token = given[0] if len(given) == 1 else b""
        token = token.encode() if isinstance(token, str) else token
        if hmac.compare_digest(token, self._expected):
            return continuation(handler_call_details)
        return self._wrong if given else self._missing

    def _refusing(self, what: str) -> "grpc.RpcMethodHandler[Any, Any]":
        def refuse(_: Iterator[bytes], context: grpc.ServicerContext) -> NoReturn:
            context.set_trailing_metadata(((METADATA_KEY, Reason.TOKEN.name),))
            context.abort(Reason.TOKEN.status, f"this agent wants a token: {what}")

        # gRPC has a handler run in this pool instead of the server's.
        refuse.experimental_thread_pool = self.refusals  # type: ignore[attr-defined]
        return grpc.stream_unary_rpc_method_handler(refuse)
