/* The sandbox supervisor. What it promises is in PROTOCOL.md; the code names its invariants (S1 ... S11). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_TAPS = 16, MAX_CGROUPS = 16, MAX_LINE = 1024, TAIL = 4096, LISTENERS = 3 };
/* Under these numbers QEMU finds what it inherits; our own descriptors live at 64 and above (S3). */
enum { FD_POWER = 3, FD_QMP, FD_SERIAL, FD_GUEST_AGENT, FD_TAPS, FD_PRIVATE = 64 };

struct sandbox {
	const char *directory, *netns, *tun, *cgroup_paths[MAX_CGROUPS], *tap_names[MAX_TAPS];
	int cgroup_count, tap_count;
	long uid, gid, group, grace;
	int control, lock, listeners[LISTENERS], taps[MAX_TAPS];
};

/* The last TAIL bytes that came out of a descriptor; -1 when it is closed. */
struct tail { int fd; size_t used; char text[TAIL + 1]; };

struct guest {
	enum { IDLE, RUNNING, EXITED } state;
	pid_t pid;
	unsigned run;
	struct tail power, output; /* our own QMP connection; QEMU's stdout and stderr */
	int code, signal;          /* of the last exit; -1 when it does not apply */
	bool stopping, killed;
	int64_t kill_at, press_at; /* milliseconds of the monotonic clock */
	char reason[32];           /* of QMP's SHUTDOWN event */
};

void fail(const char *what, const char *object) __attribute__((noreturn));
int private_fd(int fd);
void restore_listeners(struct sandbox *sandbox);
int serve(struct sandbox *sandbox);

const char *guest_start(struct guest *guest, struct sandbox *sandbox);
void guest_stop(struct guest *guest, long grace_seconds);
void guest_tick(struct guest *guest);
bool guest_reap(struct guest *guest);
void tail_read(struct tail *tail);
