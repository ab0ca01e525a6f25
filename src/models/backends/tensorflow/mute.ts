/**
 * An addon of our own, compiled beside tfjs-node's: while it is loaded, TensorFlow's library writes notes about oneDNN
 * and instruction sets to stderr, whatever its log level, and in a worker thread `process.env` does not reach the
 * environment that it reads the level from. Threads that load at the same time share one mute, and one that is ended
 * while it loads takes its mute with it: the process has more to say.
 */
export const MUTE_SOURCE = `#include <fcntl.h>
#include <node_api.h>
#include <stdlib.h>
#include <unistd.h>
#include <mutex>

static std::mutex lock;
static int depth = 0;
static int saved = -1;

static void release(int* held) {
  --*held;
  if (--depth > 0 || saved < 0) return;
  dup2(saved, 2);
  close(saved);
  saved = -1;
}

static void ended(void* held) {
  std::lock_guard<std::mutex> guard(lock);
  while (*static_cast<int*>(held) > 0) release(static_cast<int*>(held));
  delete static_cast<int*>(held);
}

static int* held_by(napi_env env) {
  void* held = nullptr;
  napi_get_instance_data(env, &held);
  return static_cast<int*>(held);
}

static napi_value Mute(napi_env env, napi_callback_info) {
  std::lock_guard<std::mutex> guard(lock);
  setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0);
  ++*held_by(env);
  if (depth++ > 0) return nullptr;
  const int nowhere = open("/dev/null", O_WRONLY);
  if (nowhere < 0) return nullptr;
  saved = dup(2);
  if (saved >= 0) dup2(nowhere, 2);
  close(nowhere);
  return nullptr;
}

static napi_value Unmute(napi_env env, napi_callback_info) {
  std::lock_guard<std::mutex> guard(lock);
  release(held_by(env));
  return nullptr;
}

NAPI_MODULE_INIT() {
  int* held = new int(0);
  napi_set_instance_data(env, held, nullptr, nullptr);
  napi_add_env_cleanup_hook(env, ended, held);
  napi_value mute, unmute;
  napi_create_function(env, "mute", NAPI_AUTO_LENGTH, Mute, nullptr, &mute);
  napi_create_function(env, "unmute", NAPI_AUTO_LENGTH, Unmute, nullptr, &unmute);
  napi_set_named_property(env, exports, "mute", mute);
  napi_set_named_property(env, exports, "unmute", unmute);
  return exports;
}
`;

export interface Mute {
  mute(): void;
  unmute(): void;
}
