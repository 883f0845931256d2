package io.github.securepair.engine;

import io.github.securepair.engine.internal.Memory;
import io.github.securepair.openssl.Glue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;

import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Holds the default trust anchors of the process: those that the JDK trusts (its cacerts file, or
 * what {@code javax.net.ssl.trustStore} names), read when they are first needed. Any thread may
 * call the methods.
 *
 * <p>The JDK trusts some of them no longer for certificates issued after a date (security property
 * {@code jdk.security.caDistrustPolicies}: {@code ENTRUST_TLS} and others). Those rules do not
 * apply to what OpenSSL verifies: no public interface of the JDK gives them, but its trust manager
 * ({@link X509TrustManager#checkServerTrusted}), which a program may ask in addition.
 */
public final class RootCertificates {
    private static List<byte[]> anchors;
    private static List<String> texts;
    private static boolean given;

    private RootCertificates() {}

    /** The anchors as DER. */
    public static List<byte[]> der() {
        synchronized (RootCertificates.class) {
            List<byte[]> copies = new ArrayList<>();
            for (byte[] anchor : load()) {
                copies.add(anchor.clone());
            }
            return copies;
        }
    }

    /** The anchors as PEM texts, as Node's {@code tls.rootCertificates}: an immutable list. */
    public static List<String> pem() {
        synchronized (RootCertificates.class) {
            if (texts == null) {
                Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
                List<String> made = new ArrayList<>();
                for (byte[] anchor : load()) {
                    made.add("-----BEGIN CERTIFICATE-----\n" + lines.encodeToString(anchor)
                            + "\n-----END CERTIFICATE-----");
                }
                texts = Collections.unmodifiableList(made);
            }
            return texts;
        }
    }

    /**
     * Replaces the anchors for contexts that ask for the default roots from now on.
     *
     * @throws SecureContextException when one of them is no certificate; nothing changes then
     */
    public static void setDefault(List<byte[]> der) {
        List<byte[]> copies = new ArrayList<>();
        for (byte[] anchor : der) {
            copies.add(anchor.clone());
        }
        synchronized (RootCertificates.class) {
            hand(copies);
            anchors = copies;
            texts = null;
            given = true;
        }
    }

    /** Sees to it that native contexts find the anchors. */
    static void ensure() {
        synchronized (RootCertificates.class) {
            if (!given) {
                handUsable(load());
                given = true;
            }
        }
    }

    private static List<byte[]> load() {
        if (anchors == null) {
            anchors = ofJdk();
        }
        return anchors;
    }

    private static List<byte[]> ofJdk() {
        try {
            TrustManagerFactory factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init((KeyStore) null);
            List<byte[]> found = new ArrayList<>();
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509TrustManager trust) {
                    for (X509Certificate certificate : trust.getAcceptedIssuers()) {
                        found.add(certificate.getEncoded());
                    }
                }
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw new SecureContextException(
                    null, "The trust anchors of the JDK cannot be read: " + e.getMessage(), e);
        }
    }

    /** One anchor of the machine that OpenSSL cannot read shall not take away all others. */
    private static void handUsable(List<byte[]> der) {
        try {
            hand(der);
        } catch (SecureContextException e) {
            hand(der.stream().filter(PeerCertificate::isReadable).toList());
        }
    }

    private static void hand(List<byte[]> der) {
        Library.require();
        long size = 0;
        for (byte[] anchor : der) {
            size += 4L + anchor.length;
        }
        ByteBuffer items =
                ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.nativeOrder());
        for (byte[] anchor : der) {
            items.putInt(anchor.length).put(anchor);
        }
        Memory memory = Memory.current();
        long address = memory.stageOnly(items.array());
        try {
            if (Glue.sp_roots_set(address, size, memory.reportAddress) != Glue.SP_OK) {
                throw SecureContextException.of(
                        ErrorReport.of(memory), "A trust anchor is no certificate");
            }
        } finally {
            memory.unstage();
        }
    }
}
