using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using BatchEval.Workflow.Serialization;

namespace BatchEval.Cli.Storage;

/// <summary>What a running Azurite of ours says about itself, in <c>batcheval.json</c> of its data folder.</summary>
/// <param name="Port">Port of the blob service.</param>
/// <param name="Door">Port at which every user holds a connection.</param>
/// <param name="Key">What it greets users with at the door.</param>
internal sealed record AzuriteRecord(int Port, int Door, int Pid, string Key)
{
    /// <summary>Where a folder's record lies.</summary>
    public static string PathIn(string folder) => Path.Combine(folder, "batcheval.json");

    /// <summary>Reads a folder's record, or null when there is none.</summary>
    public static AzuriteRecord? Read(string folder)
    {
        try
        {
            return JsonSerializer.Deserialize<AzuriteRecord>(File.ReadAllText(PathIn(folder)), WorkflowJson.Options);
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the process is still there.</summary>
    public bool IsAlive()
    {
        try
        {
            using var process = Process.GetProcessById(Pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Enters: the connection keeps the service running until it is closed.</summary>
    /// <returns>The connection, or null when the service is closing or somebody else listens there.</returns>
    public async Task<TcpClient?> EnterAsync(CancellationToken cancellation)
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Door, cancellation);
            var greeting = new byte[Encoding.ASCII.GetByteCount(Key) + 1];
            client.ReceiveTimeout = 2000;
            await client.GetStream().ReadExactlyAsync(greeting, cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(2), cancellation);
            if (Encoding.ASCII.GetString(greeting) == Key + "\n")
            {
                return client;
            }
        }
        catch (Exception error) when (error is SocketException or IOException or TimeoutException)
        {
            // Nobody there, or nobody of ours.
        }

        client.Dispose();
        return null;
    }
}
