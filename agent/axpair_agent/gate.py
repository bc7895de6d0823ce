"""The token: without it no call gets in."""

import hmac
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from axpair_proto.reasons import METADATA_KEY, TOKEN_KEY, Reason


class TokenGate(grpc.ServerInterceptor):
    """Refuses every call whose metadata lack "Bearer " and the token."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Hand the call on, or to a handler of the same kind that refuses it."""
        handler = continuation(handler_call_details)
        metadata = dict(handler_call_details.invocation_metadata or ())
        given = metadata.get(TOKEN_KEY, "")
        given = given.encode() if isinstance(given, str) else given
        if handler is None or hmac.compare_digest(given, self._expected):
            return handler

        def refuse(_: Any, context: grpc.ServicerContext) -> NoReturn:
            context.set_trailing_metadata(((METADATA_KEY, Reason.TOKEN.name),))
            what = "the token is wrong" if given else "no token came"
            context.abort(Reason.TOKEN.status, f"this agent wants a token: {what}")

        kinds = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }
        return kinds[handler.request_streaming, handler.response_streaming](
            refuse, handler.request_deserializer, handler.response_serializer
        )
