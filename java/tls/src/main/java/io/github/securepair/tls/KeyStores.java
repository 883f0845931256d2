package io.github.securepair.tls;

import io.github.securepair.engine.SecureContextException;
import io.github.securepair.errors.ArgumentException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;

/** The JDK's keys, certificates and key stores as what contexts are made of. */
final class KeyStores {
    private static final byte[] HEAD =
            "-----BEGIN PRIVATE KEY-----\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] FOOT =
            "\n-----END PRIVATE KEY-----\n".getBytes(StandardCharsets.US_ASCII);

    /** A key and the certificates that go with it, leaf first. */
    record Identity(PrivateKey key, List<X509Certificate> chain) {
        @Override
        public String toString() {
            return "Identity[]";
        }
    }

    private KeyStores() {}

    /** Opens a file, whatever its type: JKS, PKCS#12, and what other providers know. */
    static KeyStore open(Path file, char[] password) {
        try {
            // KeyStore says "not found" of everything that it cannot open.
            Files.newByteChannel(file).close();
            if (Files.isDirectory(file)) {
                throw FileException.of(file, new IOException("Is a directory"));
            }
        } catch (IOException e) {
            throw FileException.of(file, e);
        }
        try {
            return KeyStore.getInstance(file.toFile(), password);
        } catch (IOException e) {
            if (e.getCause() instanceof UnrecoverableKeyException) {
                throw refused("The password of the key store " + file + " is wrong", e);
            }
            throw refused("The key store " + file + " cannot be read", e);
        } catch (GeneralSecurityException e) {
            throw refused("The key store " + file + " cannot be read", e);
        }
    }

    /** The keys of these aliases; without any, the first key of the store. */
    static List<Identity> identities(KeyStore store, char[] password, String... aliases) {
        try {
            List<String> wanted = new ArrayList<>(List.of(aliases));
            if (wanted.isEmpty()) {
                wanted.add(firstKey(store));
            }
            List<Identity> found = new ArrayList<>();
            for (String alias : wanted) {
                found.add(identity(store, password, alias));
            }
            return found;
        } catch (KeyStoreException e) {
            throw refused("The key store was never loaded", e);
        }
    }

    private static String firstKey(KeyStore store) throws KeyStoreException {
        for (String alias : Collections.list(store.aliases())) {
            if (store.entryInstanceOf(alias, KeyStore.PrivateKeyEntry.class)) {
                return alias;
            }
        }
        throw refused("The key store has no private key", null);
    }

    private static Identity identity(KeyStore store, char[] password, String alias)
            throws KeyStoreException {
        Key key;
        try {
            key = store.getKey(alias, password);
        } catch (GeneralSecurityException e) {
            throw refused("The key " + alias + " of the key store cannot be opened", e);
        }
        if (!(key instanceof PrivateKey secret)) {
            throw refused("The key store has no private key named " + alias, null);
        }
        List<X509Certificate> chain = new ArrayList<>();
        Certificate[] certificates = store.getCertificateChain(alias);
        for (Certificate each : certificates == null ? new Certificate[0] : certificates) {
            if (!(each instanceof X509Certificate certificate)) {
                throw refused("The certificate of " + alias + " is none of X.509", null);
            }
            chain.add(certificate);
        }
        if (chain.isEmpty()) {
            throw refused("The key " + alias + " of the key store has no certificate", null);
        }
        return new Identity(secret, chain);
    }

    /** The trusted certificates of a store, as a TrustManagerFactory would take them. */
    static List<X509Certificate> anchors(KeyStore store) {
        List<X509Certificate> found = new ArrayList<>();
        try {
            for (String alias : Collections.list(store.aliases())) {
                if (store.isCertificateEntry(alias)
                        && store.getCertificate(alias) instanceof X509Certificate anchor) {
                    found.add(anchor);
                }
            }
        } catch (KeyStoreException e) {
            throw refused("The key store was never loaded", e);
        }
        if (found.isEmpty()) {
            throw refused("The key store has no trusted certificate", null);
        }
        return found;
    }

    /** Certificates as one PEM text, in their order. */
    static byte[] pem(List<X509Certificate> certificates) {
        StringBuilder text = new StringBuilder();
        for (X509Certificate certificate : certificates) {
            text.append(X509.pem(X509.encoded(certificate))).append('\n');
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** The same for a leaf and its chain. */
    static byte[] pem(X509Certificate leaf, X509Certificate... chain) {
        List<X509Certificate> all = new ArrayList<>(List.of(leaf));
        all.addAll(Arrays.asList(chain));
        return pem(all);
    }

    /** A key as PKCS#8 in PEM; the caller wipes it. */
    static byte[] pem(PrivateKey key) {
        byte[] der = key.getEncoded();
        if (der == null || !"PKCS#8".equals(key.getFormat())) {
            throw new SecureContextException(
                    "ERR_CRYPTO_UNSUPPORTED_OPERATION",
                    "A private key of " + key.getAlgorithm() + " ("
                            + key.getClass().getName()
                            + ") has no encoding, as it stays in its device; OpenSSL reaches such"
                            + " keys by a StoreURI and a provider");
        }
        byte[] text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encode(der);
        byte[] pem = Arrays.copyOf(HEAD, HEAD.length + text.length + FOOT.length);
        System.arraycopy(text, 0, pem, HEAD.length, text.length);
        System.arraycopy(FOOT, 0, pem, HEAD.length + text.length, FOOT.length);
        Arrays.fill(der, (byte) 0);
        Arrays.fill(text, (byte) 0);
        return pem;
    }

    /** A key store was given where one is needed. */
    static KeyStore require(KeyStore store) {
        if (store == null) {
            throw ArgumentException.invalidArgType("store", "an instance of KeyStore", null);
        }
        return store;
    }

    private static SecureContextException refused(String message, Throwable cause) {
        return new SecureContextException("ERR_CRYPTO_OPERATION_FAILED", message, cause);
    }
}
