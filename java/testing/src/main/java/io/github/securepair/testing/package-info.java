/** What the tests of several modules share. Knows none of these modules. */
package io.github.securepair.testing;
