package io.github.securepair.tls;

import io.github.securepair.events.EventLoop;

import java.util.ArrayList;

/**
 * Takes the record buffers away from connections that had no turn for a while, so that a connection
 * at work keeps them between records and thousands that wait cost little. One for each loop, and
 * one timer for all of its connections, which runs only while some of them have buffers and does
 * not keep the loop alive. Confined to the loop.
 */
final class QuietConnections {
    /** Buffers go once a connection was quiet for this to twice this many milliseconds. */
    static final long QUIET = 100;

    private static final ThreadLocal<QuietConnections> OF_LOOP = new ThreadLocal<>();

    /** What a transport keeps for it: where it is in the list, and whether it had a turn. */
    static final class Place {
        private final TLSTransport transport;
        private QuietConnections list;
        private int index;
        private boolean active;

        Place(TLSTransport transport) {
            this.transport = transport;
        }

        /** There is a turn. Cheap when there was one lately. */
        void active(EventLoop loop) {
            active = true;
            if (list == null) {
                of(loop).add(this);
            }
        }

        /** The connection is gone. */
        void leave() {
            if (list != null) {
                list.remove(this);
            }
        }
    }

    private final EventLoop loop;
    private final ArrayList<Place> places = new ArrayList<>();
    private boolean scheduled;

    private QuietConnections(EventLoop loop) {
        this.loop = loop;
    }

    private static QuietConnections of(EventLoop loop) {
        QuietConnections found = OF_LOOP.get();
        if (found == null || found.loop != loop) {
            found = new QuietConnections(loop);
            OF_LOOP.set(found);
        }
        return found;
    }

    private void add(Place place) {
        place.list = this;
        place.index = places.size();
        places.add(place);
        schedule();
    }

    private void remove(Place place) {
        Place last = places.remove(places.size() - 1);
        if (last != place) {
            places.set(place.index, last);
            last.index = place.index;
        }
        place.list = null;
    }

    private void schedule() {
        if (!scheduled && !places.isEmpty()) {
            scheduled = true;
            loop.setTimeout(this::look, QUIET).unref();
        }
    }

    /** Backwards, since removing moves the last one to the place of the removed. */
    private void look() {
        scheduled = false;
        for (int i = places.size() - 1; i >= 0; i--) {
            Place place = places.get(i);
            if (place.active) {
                place.active = false;
            } else {
                // With half a record in them they stay until the other half comes: its turn brings
                // the connection back here.
                remove(place);
                place.transport.idle();
            }
        }
        schedule();
    }
}
