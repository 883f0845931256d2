package io.github.securepair.stream;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.errors.CodedException;
import io.github.securepair.errors.StateException;

/** The errors of streams, with Node's codes and texts. */
final class StreamErrors {
    private static final String CHUNK =
            "of type string or an instance of Buffer, TypedArray, or DataView";

    private StreamErrors() {}

    static CodedException writeAfterEnd() {
        return new CodedException("ERR_STREAM_WRITE_AFTER_END", "write after end");
    }

    static CodedException destroyed(String verb) {
        return new CodedException(
                "ERR_STREAM_DESTROYED", "Cannot call " + verb + " after a stream was destroyed");
    }

    static CodedException alreadyFinished(String verb) {
        return new CodedException(
                "ERR_STREAM_ALREADY_FINISHED",
                "Cannot call " + verb + " after a stream was finished");
    }

    static CodedException pushAfterEof() {
        return new CodedException("ERR_STREAM_PUSH_AFTER_EOF", "stream.push() after EOF");
    }

    static CodedException unshiftAfterEnd() {
        return new CodedException(
                "ERR_STREAM_UNSHIFT_AFTER_END_EVENT", "stream.unshift() after end event");
    }

    static CodedException prematureClose() {
        return new CodedException("ERR_STREAM_PREMATURE_CLOSE", "Premature close");
    }

    static CodedException multipleCallback() {
        return new CodedException("ERR_MULTIPLE_CALLBACK", "Callback called multiple times");
    }

    static StateException notImplemented(String method) {
        return new StateException(
                "ERR_METHOD_NOT_IMPLEMENTED", "The " + method + " method is not implemented");
    }

    static ArgumentException nullValues() {
        return new ArgumentException(
                "TypeError", "ERR_STREAM_NULL_VALUES", "May not write null values to stream");
    }

    static ArgumentException badChunk(Object chunk) {
        return ArgumentException.invalidArgType("chunk", CHUNK, chunk);
    }
}
