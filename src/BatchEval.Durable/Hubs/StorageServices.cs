using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using BatchEval.Core.Json;
using BatchEval.Workflow.Storage;
using DurableTask.AzureStorage;

namespace BatchEval.Durable.Hubs;

/// <summary>The three services of a storage account that a task hub needs, each checked when they are opened. No message holds a secret.</summary>
public sealed class StorageServices
{
    private StorageServices(StorageAccountClientProvider provider) => Provider = provider;

    /// <summary>How the engine reaches the account.</summary>
    internal StorageAccountClientProvider Provider { get; }

    /// <summary>Opens the services of an account.</summary>
    /// <param name="connection">A storage connection string, or a blob service address for sign-in by identity.</param>
    /// <exception cref="ProblemException">The connection is malformed, or a service is missing or refuses the key; all are listed.</exception>
    public static async Task<StorageServices> OpenAsync(string connection, CancellationToken cancellation)
    {
        var (provider, blobs, queues, tables) = Create(connection);
        var problems = await Task.WhenAll(
            CheckAsync("blob", blobs.Uri, () => blobs.GetPropertiesAsync(cancellation)),
            CheckAsync("queue", queues.Uri, () => queues.GetPropertiesAsync(cancellation)),
            CheckAsync("table", tables.Uri, () => tables.GetPropertiesAsync(cancellation)));
        var found = problems.OfType<Problem>().ToList();
        return found.Count == 0 ? new StorageServices(provider) : throw new ProblemException("The storage account", found);
    }

    private static (StorageAccountClientProvider Provider, BlobServiceClient Blobs, QueueServiceClient Queues, TableServiceClient Tables) Create(string connection)
    {
        var (blobOptions, queueOptions, tableOptions) = (new BlobClientOptions(), new QueueClientOptions(), new TableClientOptions());
        foreach (var options in (ClientOptions[])[blobOptions, queueOptions, tableOptions])
        {
            (options.Retry.MaxRetries, options.Retry.Delay, options.Retry.NetworkTimeout) = (1, TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
        }

        try
        {
            if (Uri.TryCreate(connection, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            {
                var (credential, queue, table) = (new DefaultAzureCredential(), Sibling(address!, "queue"), Sibling(address!, "table"));
                return (new StorageAccountClientProvider(address!, queue, table, credential), new BlobServiceClient(address, credential, blobOptions),
                    new QueueServiceClient(queue, credential, queueOptions), new TableServiceClient(table, credential, tableOptions));
            }

            return (new StorageAccountClientProvider(connection), new BlobServiceClient(connection, blobOptions),
                new QueueServiceClient(connection, queueOptions), new TableServiceClient(connection, tableOptions));
        }
        catch (Exception error) when (error is FormatException or ArgumentException or InvalidOperationException)
        {
            throw new ProblemException("The storage connection is neither a connection string with a key nor a blob service address; workers need for example DefaultEndpointsProtocol=https;AccountName=...;AccountKey=... or https://<account>.blob.<suffix>.");
        }
    }

    private static Uri Sibling(Uri blobs, string service) => blobs.Query.Length == 0 && blobs.Host.Contains(".blob.", StringComparison.OrdinalIgnoreCase)
        ? new UriBuilder(blobs) { Host = blobs.Host.Replace(".blob.", $".{service}.", StringComparison.OrdinalIgnoreCase) }.Uri
        : throw new ArgumentException("Not the address of a blob service without a signature.");

    private static async Task<Problem?> CheckAsync(string service, Uri address, Func<Task> ask)
    {
        var place = address.GetLeftPart(UriPartial.Path);
        try
        {
            await ask();
            return null;
        }
        catch (RequestFailedException error) when (error.Status is 401 or 403)
        {
            return new Problem(service, $"The {service} service at {place} refuses the key or the identity ({error.ErrorCode ?? $"status {error.Status}"}).");
        }
        catch (AuthenticationFailedException error) when (StorageFaults.IsRefusal(error))
        {
            return new Problem(service, $"No identity is signed in that could reach the {service} service at {place}.");
        }
        catch (Exception error) when (StorageFaults.Is(error))
        {
            var status = error is RequestFailedException { Status: > 0 } answer ? $"answers with status {answer.Status}" : "does not answer";
            return new Problem(service, $"The {service} service at {place} {status}; workers need the blob, the queue and the table service of an account.");
        }
    }
}
