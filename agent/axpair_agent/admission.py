"""Serving every method through a stream of raw requests, so that no call holds a place before its message is there.

gRPC's own handlers of unary methods wait for the message in a thread of the pool, without a limit, and deserialize it
in the one thread that serves all connections.
"""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
from axpair_proto.reasons import Reason

from axpair_agent.errors import CallError
from axpair_agent.places import Call, Places
from axpair_agent.services.statuses import reasons_as_statuses


class Admission(grpc.ServerInterceptor):
    """Gives every handler a limit for its first message, places, and CallError as a way to end with a status."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Any],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """The method's handler in its new form; None for what isn't served."""
        method = handler_call_details.method
        if method not in self._handlers:
            handler = continuation(handler_call_details)
            if handler is None:
                return None
            self._handlers[method] = self._admitting(method, handler)
        return self._handlers[method]

    def _admitting(self, method: str, handler: Any) -> "grpc.RpcMethodHandler[Any, Any]":
        def begin(messages: Iterator[bytes], context: grpc.ServicerContext) -> tuple[Call, Any]:
            watches = handler.response_streaming and not handler.request_streaming
            call = Call(method, context.peer(), context.cancel, watches)
            self._places.arrive(call)
            try:
                requests = _Requests(messages, handler.request_deserializer, self._places, call)
                self._places.admit(call)
                return call, requests if handler.request_streaming else requests.only()
            except BaseException:
                self._places.leave(call)
                raise

        def answer(messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            behavior = handler.stream_unary or handler.unary_unary
            with reasons_as_statuses(context):
                call, request = begin(messages, context)
                try:
                    return behavior(request, context)
                finally:
                    self._places.leave(call)

        def answers(messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            behavior = handler.stream_stream or handler.unary_stream
            with reasons_as_statuses(context):
                call, request = begin(messages, context)
                try:
                    return _Replies(iter(behavior(request, context)), self._places, call, context)
                except BaseException:
                    self._places.leave(call)
                    raise

        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(answers, None, handler.response_serializer)
        return grpc.stream_unary_rpc_method_handler(answer, None, handler.response_serializer)


class _Requests:
    """A call's messages as they come; made when the first is there."""

    def __init__(
        self, messages: Iterator[bytes], deserialize: Callable[[bytes], Any], places: Places, call: Call
    ) -> None:
        self._messages = messages
        self._deserialize = deserialize
        self._places = places
        self._call = call
        self._first = next(messages, None)

    def __iter__(self) -> "_Requests":
        return self

    def __next__(self) -> Any:
        if self._first is not None:
            data, self._first = self._first, None
        else:
            self._places.waits(self._call)
            try:
                data = next(self._messages)
            finally:
                self._places.works(self._call)
        try:
            return self._deserialize(data)
        except Exception as error:
            raise CallError(
                Reason.MESSAGE, f"{len(data)} bytes that came for {self._call.method} are no message of it"
            ) from error

    def only(self) -> Any:
        """The one message of a unary request. Raises CallError MESSAGE."""
        if self._first is None:
            raise CallError(Reason.MESSAGE, f"{self._call.method} takes a message, and none came")
        return next(self)


class _Replies:
    """A call's answers. gRPC asks for the next one when it has handed out the last, or never again."""

    def __init__(self, replies: Iterator[Any], places: Places, call: Call, context: grpc.ServicerContext) -> None:
        self._replies = replies
        self._places = places
        self._call = call
        self._context = context
        places.pause(call)
        if not context.add_callback(self._end):
            self._end()

    def __iter__(self) -> "_Replies":
        return self

    def __next__(self) -> Any:
        self._places.resume(self._call)
        try:
            with reasons_as_statuses(self._context):
                reply = next(self._replies)
        except BaseException:
            self._places.leave(self._call)
            raise
        self._places.pause(self._call)
        return reply

    def _end(self) -> None:
        self._places.end(self._call)
