package io.github.securepair.cli;

import io.github.securepair.engine.OpenSSL;

import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

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
        return new String[] {
            "securepair " + (own == null ? "(development build)" : own),
            OpenSSL.versionText(),
            "library    " + OpenSSL.libraryPath(),
            "java       " + System.getProperty("java.vm.name") + " "
                    + System.getProperty("java.version")
        };
    }

    /** The same for {@code securepair --version}. */
    static final class Provider implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return lines();
        }
    }
}
