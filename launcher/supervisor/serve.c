/* The loop: signals, the control socket with its clients, QEMU's output. */
#include "supervisor.h"
#include <poll.h>
#include <sys/signalfd.h>

enum { CLIENTS = 4 };
static struct client { int fd; size_t used; char line[MAX_LINE]; } clients[CLIENTS], *agent; /* agent: gets the events (S6) */
static struct guest guest = {.power.fd = -1, .output.fd = -1, .code = -1, .signal = -1};
static bool ready, alive = true, terminating, quitting;
static long grace;
static FILE *out; /* an answer while it is written: out_text, out_size */
static char *out_text;
static size_t out_size;

static void put_text(const char *text)
{
	fputc('"', out);
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) /* other than ASCII by number: UTF-8 may be cut */
		fprintf(out, *at == '"' || *at == '\\' ? "\\%c" : *at < ' ' || *at > '~' ? "\\u%04x" : "%c", *at);
	fputc('"', out);
}

static const char *yes(bool value) { return value ? "true" : "false"; }

static void put_state(void)
{
	static const char *const names[] = {[IDLE] = "idle", [RUNNING] = "running", [EXITED] = "exited"};
	fprintf(out, "\"protocol\":1,\"state\":\"%s\",\"run\":%u,\"pid\":%d,\"stopping\":%s,\"ready\":%s,\"alive\":%s", names[guest.state],
		guest.run, guest.state == RUNNING ? (int)guest.pid : 0, yes(guest.stopping), yes(ready), yes(alive));
	if (guest.state != EXITED) return;
	fprintf(out, ",\"exit\":{\"code\":%d,\"signal\":%d,\"killed\":%s,\"reason\":", guest.code, guest.signal, yes(guest.killed));
	put_text(guest.reason);
	fprintf(out, ",\"output\":");
	put_text(guest.output.text);
	fprintf(out, "}");
}

static void drop(struct client *client)
{
	if (client->fd >= 0) close(client->fd);
	if (agent == client) agent = NULL;
	client->fd = -1;
	client->used = 0;
}

/* S8: who does not read is dropped and never waited for; its next attach tells it all. */
static void send_out(struct client *client)
{
	fputs("}\n", out);
	fflush(out);
	if (send(client->fd, out_text, out_size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)out_size) drop(client);
	rewind(out);
}

static const char *act(struct client *client, const char *action, long seconds, const char *name, bool value, struct sandbox *sandbox)
{
	if (seconds < -1 || seconds > 86400) return "grace is between 0 and 86400 seconds";
	if (!strcmp(action, "attach")) {
		if (agent && agent != client) drop(agent);
		agent = client;
	} else if (!strcmp(action, "start")) {
		return terminating ? "the supervisor is ending" : guest_start(&guest, sandbox);
	} else if (!strcmp(action, "stop")) {
		guest_stop(&guest, seconds < 0 ? grace : seconds);
	} else if (!strcmp(action, "set")) {
		if (seconds >= 0) grace = seconds;
		if (!strcmp(name, "ready")) ready = value;
		if (!strcmp(name, "alive")) alive = value;
	} else if (!strcmp(action, "quit")) {
		if (guest.state == RUNNING) return "the guest is running: stop it first";
		quitting = true;
	} else if (!strcmp(action, "poll-wake")) {
		return "poll-wake is reserved: protocol 1 does not have it";
	} else if (strcmp(action, "status")) {
		return "unknown request: known are attach, status, start, stop, set and quit";
	}
	return NULL;
}

/* S9: exactly the shapes of PROTOCOL.md, which are what JSON.stringify writes, are understood; all else is refused. */
static void answer(struct client *client, const char *line, struct sandbox *sandbox)
{
	long id = -1, seconds = -1;
	char action[16] = "", name[8] = "", value[8] = "";
	int end = 0;
	const char *rest = line, *problem = "a request is {\"id\":N,\"do\":\"ACTION\"} with \"grace\":N or one of ready and alive";
	if (sscanf(line, "{\"id\":%9ld,\"do\":\"%15[a-z-]\"%n", &id, action, &end) == 2 && end) {
		rest += end;
		end = 0;
		if (sscanf(rest, ",\"grace\":%9ld%n", &seconds, &end) == 1) rest += end;
		end = 0;
		if (sscanf(rest, ",\"%7[a-z]\":%7[a-z]%n", name, value, &end) == 2) rest += end;
		bool known = (!*name || !strcmp(name, "ready") || !strcmp(name, "alive")) && (!*value || !strcmp(value, "true") || !strcmp(value, "false"));
		if (known && !strcmp(rest, "}")) problem = act(client, action, seconds, name, *value == 't', sandbox);
	}
	fprintf(out, "{\"id\":%ld,", id);
	fputs(problem ? "\"error\":" : "\"ok\":true,", out);
	if (problem) put_text(problem); else put_state();
	send_out(client);
}

static void hear(struct client *client, struct sandbox *sandbox)
{
	ssize_t n = recv(client->fd, client->line + client->used, MAX_LINE - client->used, MSG_DONTWAIT);
	if (n <= 0) { drop(client); return; }
	client->used += (size_t)n;
	for (char *end; client->fd >= 0 && (end = memchr(client->line, '\n', client->used));) {
		size_t length = (size_t)(end + 1 - client->line);
		char line[MAX_LINE];
		memcpy(line, client->line, length);
		line[length - 1] = '\0';
		memmove(client->line, end + 1, client->used -= length);
		answer(client, line, sandbox);
	}
	if (client->used == MAX_LINE) drop(client); /* S9 */
}

static void welcome(struct sandbox *sandbox)
{
	int fd = accept4(sandbox->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), i = 0;
	while (i < CLIENTS && clients[i].fd >= 0) i++;
	if (fd >= 0 && i < CLIENTS) clients[i].fd = private_fd(fd);
	else if (fd >= 0) close(fd);
}

static void on_signal(int fd)
{
	for (struct signalfd_siginfo info; read(fd, &info, sizeof info) == (ssize_t)sizeof info;) {
		if (info.ssi_signo != SIGCHLD) { /* SIGTERM, SIGINT: S10 */
			terminating = true;
			guest_stop(&guest, grace);
		} else if (guest_reap(&guest)) {
			ready = false;
			if (!agent) continue; /* S6: the next attach tells it */
			fprintf(out, "{\"event\":\"exit\",");
			put_state();
			send_out(agent);
		}
	}
}

int serve(struct sandbox *sandbox)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	int signal_fd = private_fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
	grace = sandbox->grace;
	if (!(out = open_memstream(&out_text, &out_size))) fail("allocating", "memory");
	for (int i = 0; i < CLIENTS; i++) clients[i].fd = -1;
	while (!quitting && !(terminating && guest.state != RUNNING)) {
		struct pollfd set[4 + CLIENTS] = {{signal_fd, POLLIN, 0}, {sandbox->control, POLLIN, 0}, {guest.output.fd, POLLIN, 0}, {guest.power.fd, POLLIN, 0}};
		for (int i = 0; i < CLIENTS; i++) set[4 + i] = (struct pollfd){clients[i].fd, POLLIN, 0};
		/* Half a second while stopping: fine enough for the deadline, and only then. */
		if (poll(set, 4 + CLIENTS, guest.state == RUNNING && guest.stopping ? 500 : -1) < 0 && errno != EINTR) fail("waiting", "for events");
		if (set[2].revents) tail_read(&guest.output);
		if (set[3].revents) tail_read(&guest.power);
		if (set[0].revents) on_signal(signal_fd);
		for (int i = 0; i < CLIENTS; i++)
			if (set[4 + i].revents && clients[i].fd == set[4 + i].fd) hear(&clients[i], sandbox);
		if (set[1].revents) welcome(sandbox);
		guest_tick(&guest);
	}
	return guest.state != EXITED ? 0 : guest.signal >= 0 ? 128 + guest.signal : guest.code; /* S10: as the guest did */
}
