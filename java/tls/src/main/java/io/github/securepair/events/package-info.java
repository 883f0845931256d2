/**
 * Events and the loop they are emitted on, as in Node.
 *
 * <p>{@link io.github.securepair.events.EventEmitter} files listeners under names or typed keys,
 * {@link io.github.securepair.events.EventLoop} runs callbacks on one thread. The exceptions here
 * carry Node's error codes and are shared by all packages above.
 */
package io.github.securepair.events;
