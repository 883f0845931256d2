package io.github.securepair.cli;

import io.github.securepair.engine.SecureContext;
import io.github.securepair.tls.SecureContextOptions;
import io.github.securepair.tls.TLS;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.util.concurrent.Callable;

/**
 * {@code securepair ciphers}: every suite there is, or those that a cipher list chooses, in its
 * order.
 */
@Command(
        name = "ciphers",
        description = "All cipher suites of the library, or those that LIST chooses, in order of"
                + " preference.",
        mixinStandardHelpOptions = true)
final class CiphersCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "LIST", description = "cipher list, OpenSSL syntax")
    private String list;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (list == null) {
            TLS.getCiphers().forEach(spec.commandLine().getOut()::println);
            return 0;
        }
        try (SecureContext context = TLS.createSecureContext(
                new SecureContextOptions().ciphers(list).minVersion("TLSv1"))) {
            context.ciphers().forEach(spec.commandLine().getOut()::println);
        }
        return 0;
    }
}
