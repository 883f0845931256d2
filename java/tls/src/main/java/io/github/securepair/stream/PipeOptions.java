package io.github.securepair.stream;

/** Options of {@link Readable#pipe(WritableStream, PipeOptions)}. */
public final class PipeOptions {
    boolean end = true;

    /** Makes options with Node's defaults. */
    public PipeOptions() {}

    /** Whether the destination is ended when the source ends; default true. */
    public PipeOptions end(boolean value) {
        end = value;
        return this;
    }
}
