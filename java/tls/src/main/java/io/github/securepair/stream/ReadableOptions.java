package io.github.securepair.stream;

/** Options of a {@link Readable}. */
public final class ReadableOptions extends StreamOptions<ReadableOptions> {
    /** Makes options with Node's defaults. */
    public ReadableOptions() {}

    /** Delivers text instead of bytes, see {@link Readable#setEncoding}. */
    public ReadableOptions encoding(String value) {
        encoding = value == null ? null : Encoding.of(value);
        return this;
    }

    /** Used as {@code _read}. */
    public ReadableOptions read(ReadFunction value) {
        read = value;
        return this;
    }
}
