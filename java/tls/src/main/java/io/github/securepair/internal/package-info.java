/** The loop's thread, as Netty runs it; not exported. Knows nothing of the packages above. */
package io.github.securepair.internal;
