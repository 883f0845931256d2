package io.github.securepair.child;

import io.github.securepair.openssl.Crypto;
import io.github.securepair.openssl.Natives;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * What child processes of the tests run: loads OpenSSL, and says in lines which one, or why not.
 * Each argument is a step.
 */
public final class LoadChild {
    private LoadChild() {}

    /** Runs the steps; the status is 1 when one of them threw. */
    public static void main(String[] steps) throws Exception {
        for (String step : steps) {
            try {
                run(step);
            } catch (Throwable e) {
                say("error", e.getMessage());
                try {
                    Natives.glue();
                    say("again", "loaded");
                } catch (UnsatisfiedLinkError again) {
                    say("again", again.getMessage());
                }
                System.exit(1);
            }
        }
    }

    private static void run(String step) throws Exception {
        if (step.startsWith("/")) {
            System.load(step);
        } else if (step.startsWith("nested:")) {
            nested(step.substring("nested:".length()));
        } else {
            switch (step) {
                case "load" -> load();
                case "raw" -> say("raw", "" + Crypto.OpenSSL_version_num());
                case "hold" -> {
                    say("holding", "");
                    System.in.read();
                }
                default -> throw new IllegalArgumentException(step);
            }
        }
    }

    private static void load() {
        say("version", Natives.version());
        say("flavour", Natives.flavour().name());
        say("libcrypto", Natives.libcrypto().toString());
        say("libssl", Natives.libssl().toString());
    }

    private static void say(String what, String text) {
        System.out.println(what + "=" + text);
        System.out.flush();
    }

    /** Loads from a class loader whose resources are neither files nor entries of jars. */
    private static void nested(String jars) throws Exception {
        Map<String, byte[]> entries = new HashMap<>();
        for (String jar : jars.split(":")) {
            try (ZipInputStream in = new ZipInputStream(
                    java.nio.file.Files.newInputStream(java.nio.file.Path.of(jar)))) {
                for (ZipEntry entry; (entry = in.getNextEntry()) != null; ) {
                    entries.put(entry.getName(), in.readAllBytes());
                }
            }
        }
        Class<?> natives = new MemoryLoader(entries).loadClass(Natives.class.getName());
        say("nested", natives.getMethod("libssl").invoke(null).toString());
    }

    private static final class MemoryLoader extends ClassLoader {
        private final Map<String, byte[]> entries;

        MemoryLoader(Map<String, byte[]> entries) {
            super(ClassLoader.getPlatformClassLoader());
            this.entries = entries;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            byte[] bytes = entries.get(name.replace('.', '/') + ".class");
            if (bytes == null) {
                throw new ClassNotFoundException(name);
            }
            return defineClass(name, bytes, 0, bytes.length);
        }

        @Override
        protected URL findResource(String name) {
            byte[] bytes = entries.get(name);
            try {
                return bytes == null ? null : new URL(null, "memory:" + name, new Handler(bytes));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static final class Handler extends URLStreamHandler {
        private final byte[] bytes;

        Handler(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        protected URLConnection openConnection(URL url) {
            return new URLConnection(url) {
                @Override
                public void connect() {}

                @Override
                public InputStream getInputStream() {
                    return new ByteArrayInputStream(bytes);
                }
            };
        }
    }
}
