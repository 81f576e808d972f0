// One image, two apps. What an app does is a setting: the host loads the functions that AzureFunctionsJobHost__functions__<n> names.
// On a storage account there is one queue of work for the whole task hub, so one app has all durable functions and the other has the HTTP
// routes, which only need the client. The scheduler filters work by app: there the control app also orchestrates and scores. Preparing
// and planning stay with the GPU app: the device takes part in the names of results, and what the network costs is measured where it runs.
param location string
param tags object
param token string
param environmentId string
param modelsStorageName string
param identityId string
param clientId string
param registryServer string
param storageAccountName string
param blobEndpoint string
param taskHubQueues array
@description('Empty where the task hub is on the storage account.')
param schedulerEndpoint string
param taskHubName string
param insightsConnectionString string
param gpuProfile string
param maxGpus int
param pricePerHour string
param controlExists bool
param gpuWorkerExists bool

var firstImage = 'mcr.microsoft.com/k8se/quickstart:latest'
var controlName = 'ca-control-${token}'
var gpuName = 'ca-gpu-${token}'
var gpuSizes = {
  'Consumption-GPU-NC8as-T4': { cpu: '8.0', memory: '56Gi' }
  'Consumption-GPU-NC24-A100': { cpu: '24.0', memory: '220Gi' }
}
var gpuSize = gpuSizes[gpuProfile]
var usesScheduler = !empty(schedulerEndpoint)
var httpFunctions = [ 'Api', 'Pages' ]
var searchFunctions = [ 'Search', 'Advance', 'Record' ]
var deviceFunctions = [ 'Prepare', 'Plan', 'Evaluate' ]
var controlFunctions = usesScheduler ? concat(httpFunctions, searchFunctions) : httpFunctions
var gpuFunctions = usesScheduler ? deviceFunctions : concat(deviceFunctions, searchFunctions)
var controlRole = [for (name, i) in controlFunctions: { name: 'AzureFunctionsJobHost__functions__${i}', value: name }]
var gpuRole = [for (name, i) in gpuFunctions: { name: 'AzureFunctionsJobHost__functions__${i}', value: name }]
var schedulerSettings = [
  { name: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING', value: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${clientId}' }
]
var storageSettings = [
  { name: 'FUNCTIONS_WORKER_RUNTIME', value: 'dotnet-isolated' }
  { name: 'FUNCTIONS_EXTENSION_VERSION', value: '~4' }
  { name: 'AZURE_CLIENT_ID', value: clientId }
  { name: 'AzureWebJobsStorage__accountName', value: storageAccountName }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: clientId }
  { name: 'TASKHUB_NAME', value: taskHubName }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: insightsConnectionString }
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${clientId};Authorization=AAD' }
  { name: 'BATCHEVAL_STORE', value: blobEndpoint }
  { name: 'BATCHEVAL_MODELS', value: '/models;/home/site/wwwroot/samples' }
  { name: 'BATCHEVAL_UNITS_IN_FLIGHT', value: string(maxGpus * 2) }
  { name: 'BATCHEVAL_PRICE_PER_HOUR', value: pricePerHour }
]
var common = usesScheduler ? concat(storageSettings, schedulerSettings) : storageSettings
// Messages of the task hub, those in work included: none left means that no run is on.
var queueRules = [for queue in taskHubQueues: {
  name: queue
  custom: { type: 'azure-queue', identity: identityId, metadata: { accountName: storageAccountName, queueName: queue, queueLength: '1' } }
}]
var modelsVolume = [ { name: 'models', storageType: 'NfsAzureFile', storageName: modelsStorageName } ]
var modelsMount = [ { volumeName: 'models', mountPath: '/models' } ]

resource deployedControl 'Microsoft.App/containerApps@2025-07-01' existing = if (controlExists) {
  name: controlName
}

resource deployedGpu 'Microsoft.App/containerApps@2025-07-01' existing = if (gpuWorkerExists) {
  name: gpuName
}

resource control 'Microsoft.App/containerApps@2025-07-01' = {
  name: controlName
  location: location
  kind: 'functionapp'
  tags: union(tags, { 'azd-service-name': 'control' })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    managedEnvironmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      ingress: { external: true, targetPort: 8080, allowInsecure: false }
      registries: [ { server: registryServer, identity: identityId } ]
    }
    template: {
      terminationGracePeriodSeconds: 120
      containers: [
        {
          name: 'worker'
          image: controlExists ? deployedControl!.properties.template.containers[0].image : firstImage
          resources: { cpu: json('2.0'), memory: '4Gi' }
          env: concat(common, controlRole, [
            { name: 'BATCHEVAL_DEVICE', value: 'cpu' }
            { name: 'AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions', value: '2' }
          ])
          volumeMounts: modelsMount
        }
      ]
      volumes: modelsVolume
      scale: { minReplicas: 1, maxReplicas: 2 }
    }
  }
}

resource gpuWorker 'Microsoft.App/containerApps@2025-07-01' = {
  name: gpuName
  location: location
  // The platform scales durable functions by itself with the scheduler only; elsewhere the rules below do, which a function app may not have.
  kind: usesScheduler ? 'functionapp' : 'containerapps'
  tags: union(tags, { 'azd-service-name': 'gpu-worker' })
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    managedEnvironmentId: environmentId
    workloadProfileName: 'gpu'
    configuration: {
      activeRevisionsMode: 'Single'
      // The platform scales functions on events only where there is an ingress; this one is closed to the outside.
      ingress: { external: false, targetPort: 8080, allowInsecure: false }
      registries: [ { server: registryServer, identity: identityId } ]
    }
    template: {
      terminationGracePeriodSeconds: 300
      containers: [
        {
          name: 'worker'
          image: gpuWorkerExists ? deployedGpu!.properties.template.containers[0].image : firstImage
          resources: { cpu: json(gpuSize.cpu), memory: gpuSize.memory }
          env: concat(common, gpuRole, [
            { name: 'BATCHEVAL_DEVICE', value: 'cuda' }
            { name: 'AzureFunctionsJobHost__extensions__durableTask__maxConcurrentActivityFunctions', value: '1' }
          ])
          volumeMounts: modelsMount
        }
      ]
      volumes: modelsVolume
      scale: { minReplicas: 0, maxReplicas: maxGpus, rules: usesScheduler ? [] : queueRules }
    }
  }
}

output controlUrl string = 'https://${control.properties.configuration.ingress.fqdn}'
output gpuWorkerName string = gpuWorker.name
