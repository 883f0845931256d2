package io.github.securepair.stream;

/** Options of a {@link Duplex}. */
public final class DuplexOptions extends TwoSidedOptions<DuplexOptions> {
    /** Makes options with Node's defaults. */
    public DuplexOptions() {}
}
