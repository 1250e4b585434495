#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// CPU seconds of this thread.
func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// CPU seconds of this process, all threads.
func processSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Highest resident memory of this process so far, in MB.
func peakMegabytes() -> Double {
  var usage = rusage()
  // RUSAGE_SELF, whose type differs from the parameter's on Linux.
  getrusage(0, &usage)
  #if canImport(Glibc)
    return Double(usage.ru_maxrss) / 1024
  #else
    return Double(usage.ru_maxrss) / 1_048_576
  #endif
}

func exitWithFailure() -> Never { exit(1) }

/// Runs `body`, which handles `count` things of `bytes` each, three times; prints the median.
func measure(_ name: String, count: Int, bytes: Int, _ body: () -> Void) {
  body()
  let times = (0..<3).map { _ in
    let start = threadSeconds()
    body()
    return threadSeconds() - start
  }.sorted()
  let perSecond = Double(count) / times[1]
  let megabytes = perSecond * Double(bytes) / 1e6
  let title = name + String(repeating: " ", count: max(0, 32 - name.count))
  print("\(title) \(rounded(perSecond / 1e6)) M/s  \(rounded(megabytes)) MB/s")
}

private func rounded(_ value: Double) -> Double { Double(Int(value * 100)) / 100 }
