package io.github.securepair.cli;

import io.github.securepair.engine.OpenSSL;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code securepair version}: which OpenSSL is in use, and where it comes from. */
@Command(
        name = "version",
        description = "Which OpenSSL is in use, and where it comes from.",
        mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        for (String line : lines()) {
            spec.commandLine().getOut().println(line);
        }
        return 0;
    }

    private static String[] lines() {
        String own = VersionCommand.class.getPackage().getImplementationVersion();
        OpenSSL.Origin origin = OpenSSL.origin();
        List<String> lines = new ArrayList<>();
        lines.add("securepair " + (own == null ? "(development build)" : own));
        lines.add(OpenSSL.versionText());
        if (origin.bundled()) {
            lines.add("flavour    bundled");
            lines.add("source     " + origin.source());
            lines.add("patches    "
                    + (origin.patches().isEmpty() ? "none" : String.join(" ", origin.patches())));
            lines.add("options    " + origin.options());
        } else {
            lines.add("flavour    system");
        }
        lines.add("libcrypto  " + origin.libcrypto());
        lines.add("libssl     " + origin.libssl());
        lines.add("provider   " + (OpenSSL.hasProvider("securepair") ? "securepair" : "none"));
        lines.add("java       " + System.getProperty("java.vm.name") + " "
                + System.getProperty("java.version"));
        return lines.toArray(String[]::new);
    }

    /** The same for {@code securepair --version}. */
    static final class Provider implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return lines();
        }
    }
}
