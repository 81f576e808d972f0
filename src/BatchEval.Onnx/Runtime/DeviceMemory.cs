using System.Runtime.InteropServices;

namespace BatchEval.Onnx.Runtime;

/// <summary>
/// How much memory is in use and free: of a whole CUDA device, as NVIDIA's management library tells it, or of this process where networks run on the processor.
/// </summary>
internal static partial class DeviceMemory
{
    private const string Management = "libnvidia-ml.so.1";

    /// <summary>Bytes in use, or null where nothing tells them.</summary>
    public static long? UsedBytes(DeviceOptions device) => device.CudaIndex is { } index ? (long?)OfCuda((uint)index)?.Used : Environment.WorkingSet;

    /// <summary>Bytes that are free, or null where nothing tells them.</summary>
    public static long? FreeBytes(DeviceOptions device) => device.CudaIndex is { } index
        ? (long?)OfCuda((uint)index)?.Free
        : Math.Max(0, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet);

    private static Memory? OfCuda(uint index)
    {
        try
        {
            return nvmlInit_v2() == 0 && nvmlDeviceGetHandleByIndex_v2(index, out var handle) == 0 && nvmlDeviceGetMemoryInfo(handle, out var memory) == 0
                ? memory
                : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport(Management)]
    private static partial int nvmlInit_v2();

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetHandleByIndex_v2(uint index, out nint device);

    [LibraryImport(Management)]
    private static partial int nvmlDeviceGetMemoryInfo(nint device, out Memory memory);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Memory
    {
        public readonly ulong Total;
        public readonly ulong Free;
        public readonly ulong Used;
    }
}
