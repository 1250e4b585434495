// Empty in every build but `swift test --sanitize=thread` on Linux.
//
// librdkafka uses C11's threads, which the thread sanitizer does not know: a thread made by thrd_create
// crashes in it, and a lock taken by mtx_lock orders nothing for it. Here they stand on POSIX threads,
// which it does know. The executable's definitions win over the C library's.
#if defined(__linux__) && defined(__has_feature)
#if __has_feature(thread_sanitizer)

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

// glibc's objects have room for the POSIX ones that they are made of.
_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "mtx_t is too small");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "cnd_t is too small");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "thrd_t is no pthread_t");
_Static_assert(sizeof(once_flag) >= sizeof(pthread_once_t), "once_flag is too small");

static int result(int code) {
  switch (code) {
  case 0: return thrd_success;
  case EBUSY: return thrd_busy;
  case ENOMEM: return thrd_nomem;
  case ETIMEDOUT: return thrd_timedout;
  default: return thrd_error;
  }
}

struct start {
  thrd_start_t run;
  void *argument;
};

static void *begin(void *opaque) {
  struct start start = *(struct start *)opaque;
  free(opaque);
  return (void *)(long)start.run(start.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *argument) {
  struct start *start = malloc(sizeof *start);
  if (!start) return thrd_nomem;
  *start = (struct start){run, argument};
  int code = pthread_create((pthread_t *)thread, NULL, begin, start);
  if (code) free(start);
  return result(code);
}

int thrd_join(thrd_t thread, int *answer) {
  void *value = NULL;
  int code = pthread_join((pthread_t)thread, &value);
  if (!code && answer) *answer = (int)(long)value;
  return result(code);
}

int thrd_detach(thrd_t thread) { return result(pthread_detach((pthread_t)thread)); }

void call_once(once_flag *flag, void (*run)(void)) { pthread_once((pthread_once_t *)flag, run); }

int mtx_init(mtx_t *mutex, int kind) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if (kind & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  int code = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return result(code);
}

void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy((pthread_mutex_t *)mutex); }
int mtx_lock(mtx_t *mutex) { return result(pthread_mutex_lock((pthread_mutex_t *)mutex)); }
int mtx_trylock(mtx_t *mutex) { return result(pthread_mutex_trylock((pthread_mutex_t *)mutex)); }
int mtx_unlock(mtx_t *mutex) { return result(pthread_mutex_unlock((pthread_mutex_t *)mutex)); }

int cnd_init(cnd_t *condition) {
  return result(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition) { pthread_cond_destroy((pthread_cond_t *)condition); }

int cnd_signal(cnd_t *condition) {
  return result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition) {
  return result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex) {
  return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
  return result(
      pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

#endif
#endif
