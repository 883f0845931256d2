package io.github.securepair.testing;

import java.io.File;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Deploys an application again and again, in a class loader of its own each time, as an application
 * server does, and counts the class loaders that are unloaded. For a process of its own.
 */
public final class Redeployment {
    private final ReferenceQueue<ClassLoader> unloaded = new ReferenceQueue<>();
    private final List<WeakReference<ClassLoader>> loaders = new ArrayList<>();

    /**
     * Runs {@code run()} of the class of that name in a new class loader, which is the thread's
     * context class loader meanwhile and is closed afterwards.
     *
     * @return the class loader, which lives as long as it is held
     */
    public ClassLoader deploy(Class<?> application) throws Exception {
        List<URL> urls = new ArrayList<>();
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
            urls.add(Path.of(path).toUri().toURL());
        }
        URLClassLoader loader =
                new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
        loaders.add(new WeakReference<>(loader, unloaded));
        Thread thread = Thread.currentThread();
        ClassLoader context = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            loader.loadClass(application.getName()).getMethod("run").invoke(null);
        } finally {
            thread.setContextClassLoader(context);
            loader.close();
        }
        return loader;
    }

    /** Collects garbage until all class loaders are gone, a while at most: "unloaded 4 of 4". */
    public String collect() throws InterruptedException {
        int gone = 0;
        for (int i = 0; i < 200 && gone < loaders.size(); i++) {
            System.gc();
            unloaded.remove(20); // meanwhile the cleaner's thread works, and other threads end
            gone = (int) loaders.stream().filter(loader -> loader.get() == null).count();
        }
        Reference.reachabilityFence(loaders);
        return "unloaded " + gone + " of " + loaders.size();
    }
}
