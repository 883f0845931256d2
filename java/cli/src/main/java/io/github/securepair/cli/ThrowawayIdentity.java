package io.github.securepair.cli;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;

/**
 * A P-256 key and a self-signed certificate for {@code localhost}, made on the spot and kept in
 * memory only. The JDK can sign, but has no public way to write a certificate; the little DER
 * needed is here.
 *
 * @param key the private key, PEM (PKCS#8)
 * @param certificate the certificate, PEM
 */
record ThrowawayIdentity(String key, String certificate) {
    private static final byte[] ECDSA_WITH_SHA256 =
            sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    /** Makes a new one that is valid from an hour ago for {@code lifetime}. */
    static ThrowawayIdentity create(String commonName, Duration lifetime) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            Instant from = Instant.now().minus(Duration.ofHours(1));
            byte[] name = sequence(set(sequence(
                    oid(0x55, 0x04, 0x03),
                    der(0x0c, commonName.getBytes(StandardCharsets.UTF_8)))));
            byte[] body = sequence(
                    der(0xa0, integer(BigInteger.TWO)),
                    integer(new BigInteger(120, new SecureRandom()).setBit(100)),
                    ECDSA_WITH_SHA256,
                    name,
                    sequence(time(from), time(from.plus(lifetime))),
                    name,
                    pair.getPublic().getEncoded(),
                    der(0xa3, sequence(basicConstraints(), altNames())));
            Signature signer = Signature.getInstance("SHA256withECDSA");
            signer.initSign(pair.getPrivate());
            signer.update(body);
            byte[] certificate = sequence(body, ECDSA_WITH_SHA256, bits(signer.sign()));
            return new ThrowawayIdentity(
                    pem("PRIVATE KEY", pair.getPrivate().getEncoded()),
                    pem("CERTIFICATE", certificate));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("This JDK cannot make a P-256 key", e);
        }
    }

    /** Certificate and key must not show up in a log by accident. */
    @Override
    public String toString() {
        return "ThrowawayIdentity";
    }

    private static byte[] basicConstraints() {
        return sequence(
                oid(0x55, 0x1d, 0x13),
                der(0x01, new byte[] {-1}),
                der(0x04, sequence(der(0x01, new byte[] {-1}))));
    }

    private static byte[] altNames() {
        byte[] loopback6 = new byte[16];
        loopback6[15] = 1;
        byte[] names = sequence(
                der(0x82, "localhost".getBytes(StandardCharsets.US_ASCII)),
                der(0x87, new byte[] {127, 0, 0, 1}),
                der(0x87, loopback6));
        return sequence(oid(0x55, 0x1d, 0x11), der(0x04, names));
    }

    private static byte[] time(Instant instant) {
        return der(0x17, UTC_TIME.format(instant).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] integer(BigInteger value) {
        return der(0x02, value.toByteArray());
    }

    private static byte[] oid(int... encoded) {
        byte[] bytes = new byte[encoded.length];
        for (int i = 0; i < encoded.length; i++) {
            bytes[i] = (byte) encoded[i];
        }
        return der(0x06, bytes);
    }

    private static byte[] bits(byte[] content) {
        return der(0x03, concat(new byte[1], content));
    }

    private static byte[] sequence(byte[]... parts) {
        return der(0x30, concat(parts));
    }

    private static byte[] set(byte[]... parts) {
        return der(0x31, concat(parts));
    }

    private static byte[] der(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            byte[] length = BigInteger.valueOf(content.length).toByteArray();
            int skip = length[0] == 0 ? 1 : 0;
            out.write(0x80 | (length.length - skip));
            out.write(length, skip, length.length - skip);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static String pem(String label, byte[] der) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
    }
}
