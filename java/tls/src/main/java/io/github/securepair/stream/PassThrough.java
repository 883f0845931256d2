package io.github.securepair.stream;

import java.nio.ByteBuffer;

/** Node's {@code stream.PassThrough}: what is written can be read unchanged. */
public class PassThrough extends Transform {
    /** Makes a stream with Node's defaults. */
    public PassThrough() {}

    /** Makes a stream from options, {@code null} for the defaults. */
    public PassThrough(TransformOptions options) {
        super(options);
    }

    @Override
    protected void _transform(ByteBuffer chunk, TransformCallback callback) {
        callback.call(null, chunk);
    }
}
