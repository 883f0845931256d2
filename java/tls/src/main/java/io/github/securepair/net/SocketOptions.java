package io.github.securepair.net;

/** The options of {@code new Socket(options)}. Setters have Node's names and return this. */
public class SocketOptions extends BaseSocketOptions<SocketOptions> {
    /** Makes options with Node's defaults. */
    public SocketOptions() {}

    /** Copies options. */
    protected SocketOptions(BaseSocketOptions<?> other) {
        super(other);
    }

    @Override
    public SocketOptions copy() {
        return new SocketOptions(this);
    }
}
