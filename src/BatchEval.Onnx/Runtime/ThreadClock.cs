using System.Diagnostics;
using System.Runtime.InteropServices;

namespace BatchEval.Onnx.Runtime;

/// <summary>Times work on the calling thread: its processor time where the system tells it, which other work on the machine does not lengthen.</summary>
internal static partial class ThreadClock
{
    private const int LinuxThreadClock = 3;

    /// <summary>Milliseconds of some work.</summary>
    /// <param name="onThisThread">False for work that other threads or devices do; that is timed by the wall clock.</param>
    public static double Milliseconds(Action work, bool onThisThread)
    {
        var begin = Now(onThisThread);
        work();
        return Now(onThisThread) - begin;
    }

    private static double Now(bool onThisThread) =>
        onThisThread && OperatingSystem.IsLinux() && clock_gettime(LinuxThreadClock, out var time) == 0
            ? (time.Seconds * 1e3) + (time.Nanoseconds * 1e-6)
            : Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out Time time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Time
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
    }
}
