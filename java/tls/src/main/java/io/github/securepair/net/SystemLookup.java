package io.github.securepair.net;

import io.github.securepair.internal.transport.Channels;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The system's name resolution, on threads of its own, as many as libuv has. The JDK decides the
 * order of the addresses ({@code -Djava.net.preferIPv6Addresses=system} leaves it to the operating
 * system, as Node does) and remembers answers.
 */
final class SystemLookup implements Lookup {
    static final SystemLookup INSTANCE = new SystemLookup();

    private static final int THREADS = 4;
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final ThreadPoolExecutor threads;

    private SystemLookup() {
        threads = new ThreadPoolExecutor(
                THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread =
                            new Thread(task, "securepair-lookup-" + NUMBERS.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
    }

    @Override
    public void lookup(String hostname, boolean all, int family, Result result) {
        threads.execute(() -> {
            List<Address> found = new ArrayList<>();
            Throwable error = null;
            try {
                for (InetAddress each : InetAddress.getAllByName(hostname)) {
                    int kind = each instanceof Inet4Address ? 4 : 6;
                    if (family == 0 || family == kind) {
                        found.add(new Address(Channels.text(each), kind));
                    }
                }
                if (found.isEmpty()) {
                    error = new LookupException("ENOTFOUND", hostname);
                }
            } catch (UnknownHostException unknown) {
                String text = String.valueOf(unknown.getMessage());
                boolean temporary = text.contains("Temporary failure");
                error = new LookupException(temporary ? "EAI_AGAIN" : "ENOTFOUND", hostname);
            } catch (RuntimeException forbidden) {
                error = forbidden;
            }
            try {
                result.done(error, found);
            } catch (RejectedExecutionException ended) {
                // The loop that asked is gone.
            }
        });
    }
}
