package io.github.securepair.stream;

import io.github.securepair.events.Listener0;
import io.github.securepair.events.Listener1;
import io.github.securepair.events.Listener2;

/** One source writing to one destination, and the listeners that make it so. */
final class Pipe {
    final Readable source;

    /** What the program piped to. */
    final WritableStream target;

    /** What is written to: the same, or the {@link Relay} to a target on another loop. */
    final Stream destination;

    private final WritableStream sink;
    private final boolean end;
    private final Listener1<Object> onData = this::onData;
    private final Listener0 onDrain = this::onDrain;
    private final Listener0 onEnd;
    private final Listener0 onClose = this::onClose;
    private final Listener0 onFinish = this::onFinish;
    private final Listener1<Throwable> onError = this::onError;
    private final Listener2<Readable, UnpipeInfo> onUnpipe = this::onUnpipe;
    private boolean listensToDrain;
    private boolean cleanedUp;

    Pipe(Readable source, WritableStream target, WritableStream sink, boolean end) {
        this.source = source;
        this.target = target;
        this.sink = sink;
        this.destination = (Stream) sink;
        this.end = end;
        this.onEnd = end ? sink::end : this::unpipe;
    }

    void start() {
        source.addPipe(this);
        if (source.readableEnded()) {
            source.loop().nextTick(end ? sink::end : this::unpipe);
        } else {
            source.once(Readable.END, onEnd);
        }
        destination.on(WritableStream.UNPIPE, onUnpipe);
        source.on("data", onData);
        // Before the program's own listeners, so that these find the pipe already ended.
        destination.prependListener(Stream.ERROR, onError);
        destination.once("close", onClose);
        destination.once(WritableStream.FINISH, onFinish);
        destination.emit(WritableStream.PIPE, source);
        if (sink.writableNeedDrain()) {
            pause();
        } else if (!source.isFlowing()) {
            source.resume();
        }
    }

    private void onData(Object chunk) {
        if (!sink.write(chunk)) {
            pause();
        }
    }

    private void pause() {
        // If a listener ended the pipe during the write, nothing would ever wake the source.
        if (!cleanedUp) {
            if (source.pipesTo(destination)) {
                source.awaitDrainOf(destination);
            }
            source.pause();
        }
        if (!listensToDrain) {
            listensToDrain = true;
            destination.on(WritableStream.DRAIN, onDrain);
        }
    }

    private void onDrain() {
        source.drained(destination);
    }

    private void onUnpipe(Readable readable, UnpipeInfo info) {
        if (readable == source && info != null && !info.hasUnpiped) {
            info.hasUnpiped = true;
            cleanup();
        }
    }

    private void cleanup() {
        destination.off("close", onClose);
        destination.off(WritableStream.FINISH, onFinish);
        if (listensToDrain) {
            destination.off(WritableStream.DRAIN, onDrain);
        }
        destination.off(Stream.ERROR, onError);
        destination.off(WritableStream.UNPIPE, onUnpipe);
        source.off(Readable.END, onEnd);
        source.off("data", onData);
        cleanedUp = true;
        if (listensToDrain && source.awaitsDrain() && destination.needDrain()) {
            onDrain();
        }
    }

    private void onError(Throwable error) {
        unpipe();
        destination.off(Stream.ERROR, onError);
        if (destination.listenerCount(Stream.ERROR) == 0) {
            if (destination.errorEmitted) {
                destination.emit(Stream.ERROR, error);
            } else {
                destination.errorOrDestroy(error);
            }
        }
    }

    private void onClose() {
        destination.off(WritableStream.FINISH, onFinish);
        unpipe();
    }

    private void onFinish() {
        destination.off("close", onClose);
        unpipe();
    }

    private void unpipe() {
        source.unpipe(target);
    }
}
