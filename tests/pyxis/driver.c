/*
 * Does to enroot what Slurm's pyxis plugin does when a job step starts, without Slurm.
 *
 *     driver UID MODE NAME TARGET CONF COMMAND...
 *
 * Starts `enroot start --conf CONF TARGET sh -c 'kill -STOP $$ ; exit 0'` and waits for it to stop,
 * lists containers and looks for NAME, then has a task enter the namespaces of the stopped process and
 * execute COMMAND there, with the environment of that process. MODE is
 *
 *     resume    continue the stopped process while the task still runs, list again, wait for both
 *     keep      leave it stopped while the task runs, kill it afterwards
 *     abandon   end while it is stopped, as a step that is lost does
 *
 * Prints what it saw as KEY=VALUE lines; the task's output goes to the same place. Exit code 0 if all
 * went as it must.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const namespaces[] = { "user", "cgroup", "mnt", "ipc", "uts", "net" };
enum { NAMESPACES = sizeof(namespaces) / sizeof(namespaces[0]) };

static uid_t job_uid;

static void fail(const char *step)
{
	printf("failed=%s: %s\n", step, strerror(errno));
	exit(1);
}

static void become_job_user(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) < 0 || setregid(job_uid, job_uid) < 0 || setreuid(job_uid, job_uid) < 0)
		fail("become the job user");
}

/* Starts enroot in a process group of its own, with one memfd for both streams and signals blocked. */
static pid_t run_enroot(int log, char *const argv[])
{
	static const int blocked[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE,
		SIGALRM, SIGTSTP };
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid > 0)
		return pid;
	sigset_t set;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(blocked) / sizeof(blocked[0]); ++i)
		sigaddset(&set, blocked[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setpgid(0, 0);
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	for (int fd = 3; fd < 1024; ++fd)
		close(fd);
	become_job_user();
	execvp("enroot", argv);
	_exit(1);
}

static void print_log(const char *key, int log)
{
	FILE *file = fdopen(dup(log), "r");
	char line[4096];
	rewind(file);
	while (fgets(line, sizeof(line), file) != NULL)
		printf("%s=%s", key, line);
	fclose(file);
}

/* As pyxis reads `enroot list -f`: the first line is skipped, but must be there. */
static void list(const char *key, const char *name)
{
	int log = memfd_create("enroot-log", 0), status;
	char *argv[] = { "enroot", "list", "-f", NULL };
	pid_t pid = run_enroot(log, argv);
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		print_log("log", log);
		fail("list");
	}
	FILE *file = fdopen(log, "r");
	char *line = NULL, *found = "none";
	size_t size = 0;
	rewind(file);
	if (getline(&line, &size, file) < 0)
		fail("list: no header");
	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		char *token = strtok(line, " ");
		if (token == NULL || strcmp(token, name) != 0)
			continue;
		token = strtok(NULL, " ");
		found = token == NULL ? "stopped" : strdup(token);
		break;
	}
	printf("%s=%s\n", key, found);
}

static int open_in(pid_t pid, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Enters the container and becomes the command, with the container's environment. */
static void run_task(pid_t pid, char *const command[])
{
	static char environment[1 << 20];
	char *variables[4096], cwd[PATH_MAX], path[PATH_MAX];
	int fds[NAMESPACES];
	become_job_user();
	for (int i = 0; i < NAMESPACES; ++i) {
		snprintf(path, sizeof(path), "ns/%s", namespaces[i]);
		if ((fds[i] = open_in(pid, path)) < 0)
			fail(path);
	}
	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	ssize_t length = readlink(path, cwd, sizeof(cwd) - 1);
	if (length < 0)
		fail("cwd");
	cwd[length] = '\0';

	int file = open_in(pid, "environ"), count = 0;
	ssize_t size = file < 0 ? -1 : 0, got;
	while (size >= 0 && (got = read(file, environment + size, sizeof(environment) - size)) > 0)
		size += got;
	if (size <= 0)
		fail("environ");
	for (char *at = environment; at < environment + size; at += strlen(at) + 1)
		variables[count++] = at;
	variables[count] = NULL;

	for (int i = 0; i < NAMESPACES; ++i) {
		struct stat own, theirs;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", namespaces[i]);
		int differs = stat(path, &own) < 0 || fstat(fds[i], &theirs) < 0 ||
			own.st_ino != theirs.st_ino;
		/* pyxis always joins these three, and the others if they are the container's own. */
		if ((i < 3 || differs) && setns(fds[i], 0) < 0)
			fail(namespaces[i]);
		printf("namespace=%s %s\n", namespaces[i], differs ? "own" : "shared");
	}
	if (chdir(cwd) < 0)
		fail("chdir");
	fflush(stdout);
	environ = variables;
	execvp(command[0], command);
	fail("execute the task");
}

int main(int argc, char **argv)
{
	if (argc < 7)
		return 2;
	job_uid = (uid_t)strtoul(argv[1], NULL, 10);
	const char *mode = argv[2], *name = argv[3];
	setvbuf(stdout, NULL, _IOLBF, 0);
	setsid();

	int log = memfd_create("enroot-log", 0), status;
	char *start[] = { "enroot", "start", "--conf", argv[5], argv[4], "sh", "-c",
		"kill -STOP $$ ; exit 0", NULL };
	list("before", name);
	pid_t pid = run_enroot(log, start);
	if (waitpid(pid, &status, WUNTRACED) != pid)
		fail("wait");
	print_log("log", log);
	if (!WIFSTOPPED(status)) {
		printf("failed=ended too soon with status %d\n", status);
		return 1;
	}
	printf("stopped=%d\n", pid);
	list("listed", name);
	if (strcmp(mode, "abandon") == 0)
		return 0;

	int hold[2];
	if (pipe(hold) < 0)
		fail("pipe");
	pid_t task = fork();
	if (task == 0) {
		close(hold[1]);
		dup2(hold[0], 0); /* The task reads until this process lets it go. */
		run_task(pid, argv + 6);
	}
	close(hold[0]);
	printf("task=%d\n", task);
	if (strcmp(mode, "resume") == 0) {
		usleep(300000);
		kill(pid, SIGCONT);
		if (waitpid(pid, &status, 0) != pid)
			fail("wait for the end");
		printf("ended=%d\n", status);
		list("remaining", name);
	}
	close(hold[1]);
	if (waitpid(task, &status, 0) != task)
		fail("wait for the task");
	printf("task-ended=%d\n", status);
	if (strcmp(mode, "keep") == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	list("after", name);
	return 0;
}
