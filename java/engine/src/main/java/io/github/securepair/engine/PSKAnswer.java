package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.engine.internal.PSKSource;

import java.nio.charset.StandardCharsets;

/** Asks a {@link PSKProvider} and hands its answer to native code. */
final class PSKAnswer implements PSKSource {
    private final PSKProvider provider;

    PSKAnswer(PSKProvider provider) {
        this.provider = provider;
    }

    @Override
    public int answer(
            Memory m,
            long name,
            int nameLength,
            long identity,
            int identityCap,
            long identityLength,
            long psk,
            int pskCap)
            throws Exception {
        String asked = name == 0 ? null : text(m, name, nameLength);
        PreSharedKey key = provider.find(asked, pskCap, identityCap);
        return key == null || key.key() == null || key.key().length == 0
                ? 0
                : hand(m, key, identity, identityCap, identityLength, psk, pskCap);
    }

    private static String text(Memory m, long address, int length) {
        byte[] bytes = new byte[length];
        m.copyFrom(address, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int hand(
            Memory m,
            PreSharedKey key,
            long identity,
            int identityCap,
            long identityLength,
            long psk,
            int pskCap) {
        int length = key.key().length;
        if (length > pskCap) {
            throw new IllegalArgumentException(
                    "pre-shared key of " + length + " bytes, at most " + pskCap);
        }
        if (identity != 0) {
            if (key.identity() == null || key.identity().indexOf('\0') >= 0) {
                throw new IllegalArgumentException("identity that is null or has a NUL character");
            }
            byte[] bytes = key.identity().getBytes(StandardCharsets.UTF_8);
            if (bytes.length > identityCap) {
                throw new IllegalArgumentException(
                        "identity of " + bytes.length + " bytes, at most " + identityCap);
            }
            m.copyTo(identity, bytes);
            m.putInt(identityLength, bytes.length);
        }
        m.copyTo(psk, key.key());
        return length;
    }
}
