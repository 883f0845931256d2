package io.github.securepair.engine.internal;

/**
 * Answers one connection's question for a pre-shared key, on the addresses of {@code sp_psk_fn}.
 */
@FunctionalInterface
public interface PSKSource {
    /**
     * Writes key and identity.
     *
     * @param memory of the thread, for copying from and to these addresses
     * @param name address of the name asked for, 0 for none
     * @param identity where the identity goes, with its room in bytes and the address of its
     *     length; 0 on servers
     * @param psk where the key goes, with its room in bytes
     * @return the length of the key, 0 for none
     * @throws Exception what it throws is given to {@link Turns.Owner}; there is no key then
     */
    int answer(
            Memory memory,
            long name,
            int nameLength,
            long identity,
            int identityCap,
            long identityLength,
            long psk,
            int pskCap)
            throws Exception;
}
