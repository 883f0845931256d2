package io.github.securepair.stream;

import io.github.securepair.events.Callback;
import io.github.securepair.events.Listener0;

import java.nio.ByteBuffer;

/** Stands on the source's loop for a destination on another one, and passes everything on to it. */
final class Relay extends Writable {
    private final WritableStream target;
    private final boolean end;
    private final Listener0 onTargetClose = this::destroy;

    Relay(Readable source, WritableStream target, boolean end) {
        super(new WritableOptions().loop(source.loop()));
        this.target = target;
        this.end = end;
        target.once(CLOSE, onTargetClose);
        on(PIPE, readable -> onTarget(() -> ((Stream) target).emit(PIPE, readable)));
        on(UNPIPE, (readable, info) -> {
            target.off(CLOSE, onTargetClose);
            onTarget(() -> ((Stream) target).emit(UNPIPE, readable, new UnpipeInfo()));
        });
    }

    @Override
    protected void _write(ByteBuffer chunk, Callback callback) {
        onTarget(() -> target.write(chunk, error -> {
            if (error == null) {
                callback.done();
            } else {
                // The target reports its error itself; here the pipe just ends.
                destroy();
            }
        }));
    }

    @Override
    protected void _final(Callback callback) {
        if (end) {
            onTarget(target::end);
        }
        callback.done();
    }

    private void onTarget(Runnable task) {
        target.loop().execute(task);
    }
}
