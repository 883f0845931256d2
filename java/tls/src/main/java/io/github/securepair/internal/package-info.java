/** How the loop and Netty are one thing; not exported. */
package io.github.securepair.internal;
