package io.github.securepair.tls;

/**
 * The ephemeral key of a key exchange, as {@link TLSSocket#getEphemeralKeyInfo()} returns it. All
 * null, as Node's empty object, when there is none, or one of a kind that Node does not describe,
 * such as hybrid groups.
 *
 * @param type {@code DH} or {@code ECDH}, else null
 * @param name the curve, for {@code ECDH}, else null
 * @param size bits, else null
 */
public record EphemeralKeyInfo(String type, String name, Integer size) {
    static final EphemeralKeyInfo NONE = new EphemeralKeyInfo(null, null, null);

    /**
     * Reads the engine's form: {@code "ECDH prime256v1 256"}, {@code "DH - 2048"}, {@code "KEM name
     * -"}.
     */
    static EphemeralKeyInfo parse(String text) {
        String[] parts = text == null ? new String[0] : text.split(" ");
        if (parts.length != 3 || !(parts[0].equals("DH") || parts[0].equals("ECDH"))) {
            return NONE;
        }
        return new EphemeralKeyInfo(
                parts[0],
                parts[1].equals("-") ? null : parts[1],
                parts[2].equals("-") ? null : Integer.valueOf(parts[2]));
    }
}
