/* supervisor run | ready | alive (PROTOCOL.md). First what needs privileges (cgroup, namespaces, taps, sockets), then giving
   them up. In a pod there are none: without --cgroup, --netns and --uid those steps are left out, the rest is the same. */
#include "supervisor.h"
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

void fail(const char *what, const char *object)
{
	fprintf(stderr, "supervisor: %s %s: %s\n", what, object, strerror(errno));
	exit(70);
}

int private_fd(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, FD_PRIVATE);
	if (moved < 0) fail("moving", "a descriptor");
	close(fd);
	return moved;
}

static struct sockaddr_un address_of(const char *directory, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, name);
	errno = ENAMETOOLONG;
	if (n < 0 || (size_t)n >= sizeof address.sun_path) fail("a socket's path is at most 107 bytes:", directory);
	return address;
}

static int listen_at(const char *directory, const char *name)
{
	struct sockaddr_un address = address_of(directory, name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	unlink(address.sun_path);
	mode_t mask = umask(0177); /* only root, or in a pod our own user, may connect */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4)) fail("binding", address.sun_path);
	umask(mask);
	return private_fd(fd);
}

/* QEMU unlinks a listener that it inherited where it may, as in a pod: made anew before the next run. */
void restore_listeners(struct sandbox *sandbox)
{
	static const char *const names[LISTENERS] = {"qmp", "serial", "guest-agent"};
	for (int i = 0; i < LISTENERS; i++) {
		if (sandbox->listeners[i] && !access(names[i], F_OK)) continue;
		if (sandbox->listeners[i]) close(sandbox->listeners[i]);
		sandbox->listeners[i] = listen_at(sandbox->directory, names[i]);
	}
}

/* S2: one supervisor to a directory, and never one where a guest may have run before. */
static int take_lock(const char *directory)
{
	char byte;
	int fd = open("lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) fail("locking", directory);
	errno = EALREADY;
	if (read(fd, &byte, 1) == 1) fail("a guest has run before in", directory);
	return private_fd(fd);
}

static int open_tap(const char *tun, const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
	int fd = open(tun, O_RDWR | O_NONBLOCK);
	/* With privileges the kernel would make a tap that is not there, and nothing would be at its other end. */
	if (fd < 0 || !if_nametoindex(name) || ioctl(fd, TUNSETIFF, &request)) fail("attaching to tap", name);
	return private_fd(fd);
}

/* S4: from here on an ordinary user without capabilities and without a way back. */
static void drop_privileges(const struct sandbox *sandbox)
{
	gid_t gid = (gid_t)sandbox->gid, group = (gid_t)sandbox->group;
	uid_t uid = (uid_t)sandbox->uid;
	if (uid > 0 && gid > 0) {
		for (unsigned long capability = 0; capability < 64; capability++) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
		if (setgroups(group > 0, &group) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) fail("becoming", "the machine's user");
	}
	errno = EPERM;
	if (geteuid() == 0 || getegid() == 0) fail("a guest never runs as root:", "give --uid and --gid above 0");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0})) fail("giving up", "privileges");
}

static void enter(struct sandbox *sandbox)
{
	close_range(3, ~0U, 0);
	for (int i = 0; i < sandbox->cgroup_count; i++) {
		int fd = chdir(sandbox->cgroup_paths[i]) ? -1 : open("cgroup.procs", O_WRONLY);
		if (fd < 0 || write(fd, "0", 1) != 1) fail("joining cgroup", sandbox->cgroup_paths[i]);
		close(fd);
	}
	if (sandbox->netns) {
		int fd = open(sandbox->netns, O_RDONLY);
		if (fd < 0 || setns(fd, CLONE_NEWNET)) fail("entering network namespace", sandbox->netns);
		close(fd);
		if (unshare(CLONE_NEWIPC | CLONE_NEWUTS)) fail("leaving", "the host's IPC and UTS namespaces");
	}
	if (chdir(sandbox->directory)) fail("entering", sandbox->directory);
	sandbox->lock = take_lock(sandbox->directory);
	for (int i = 0; i < sandbox->tap_count; i++) sandbox->taps[i] = open_tap(sandbox->tun, sandbox->tap_names[i]);
	restore_listeners(sandbox);
	/* S5: under its final name last, so whoever can connect finds a sandbox that is complete. */
	sandbox->control = listen_at(sandbox->directory, "control.new");
	if (rename("control.new", "control")) fail("making the control socket in", sandbox->directory);
	drop_privileges(sandbox);
}

static void usage(const char *problem, const char *argument)
{
	fprintf(stderr, "supervisor: %s %s\n"
		"usage: supervisor run --directory DIR [--grace SECONDS] [--tap NAME]... [--tun FILE]\n"
		"                      [--cgroup DIR]... [--netns FILE] [--uid N --gid N [--group N]]\n"
		"       supervisor ready|alive --directory DIR\n", problem, argument);
	exit(64);
}

static long number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);
	if (*end || end == text || value < 0 || value > 2147483647) usage("not a number from 0 to 2147483647:", text);
	return value;
}

static void parse(char **arguments, struct sandbox *sandbox)
{
	for (char **at = arguments; *at; at += 2) {
		const char *name = at[0], *value = at[1];
		if (!value) usage("a value is missing after", name);
		if (!strcmp(name, "--directory")) sandbox->directory = value;
		else if (!strcmp(name, "--netns")) sandbox->netns = value;
		else if (!strcmp(name, "--tun")) sandbox->tun = value;
		else if (!strcmp(name, "--uid")) sandbox->uid = number(value);
		else if (!strcmp(name, "--gid")) sandbox->gid = number(value);
		else if (!strcmp(name, "--group")) sandbox->group = number(value);
		else if (!strcmp(name, "--grace")) sandbox->grace = number(value);
		else if (!strcmp(name, "--tap") && sandbox->tap_count < MAX_TAPS) sandbox->tap_names[sandbox->tap_count++] = value;
		else if (!strcmp(name, "--cgroup") && sandbox->cgroup_count < MAX_CGROUPS) sandbox->cgroup_paths[sandbox->cgroup_count++] = value;
		else usage("unknown, or given too often:", name);
	}
	if (!sandbox->directory || sandbox->directory[0] != '/') usage("an absolute path is needed:", "--directory");
}

/* S11 */
static int probe(const char *what, const char *directory)
{
	static const char request[] = "{\"id\":1,\"do\":\"status\"}\n";
	char text[256] = "", wanted[32];
	struct sockaddr_un address = address_of(directory, "control");
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) || write(fd, request, sizeof request - 1) < 0
		|| recv(fd, text, sizeof text - 1, 0) < 0) fail("asking", address.sun_path); /* an answer is sent in one piece */
	snprintf(wanted, sizeof wanted, "\"%s\":true", what);
	return strstr(text, wanted) ? 0 : 1;
}

int main(int count, char **arguments)
{
	static struct sandbox sandbox = {.tun = "/dev/net/tun", .grace = 30};
	if (count < 2) usage("what to do is missing after", arguments[0]);
	parse(arguments + 2, &sandbox);
	if (!strcmp(arguments[1], "ready") || !strcmp(arguments[1], "alive")) return probe(arguments[1], sandbox.directory);
	if (strcmp(arguments[1], "run")) usage("unknown command:", arguments[1]);
	enter(&sandbox);
	return serve(&sandbox);
}
