//! The table port over DynamoDB.
//!
//! An item has the attributes `pk`, `sk`, `v` (version), `b` (the row, JSON) and one number `c_<name>` a counter.
//! Every read is strongly consistent. Nothing here retries: a retry below the port would hide whether a write was
//! applied; what to do about an error is the caller's decision.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use desk::port::{Condition, Conflict, Item, Key, Query, Shelf, Table, TableError, Write};
use std::collections::{BTreeMap, HashMap};

/// The desk's table in DynamoDB. Both shelves are the same table there.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    client: Client,
    name: String,
}

type Attributes = HashMap<String, AttributeValue>;

impl DynamoTable {
    /// The table `name` behind `client`.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    async fn put(&self, item: &Item, condition: Condition) -> Result<(), TableError> {
        let (expression, values) = condition_expression(condition);
        let sent = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(attributes(item)))
            .condition_expression(expression)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(()) };
        if let Some(PutItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() {
            let current = failed.item().map(|found| parse(item.key.shelf, found)).transpose()?;
            return if current.as_ref() == Some(item) { Ok(()) } else { Err(conflict(0, current)) };
        }
        Err(other(&error))
    }

    /// What a cancelled transaction means: success if all of its puts are what already stands there, a conflict if a
    /// condition did not hold, and otherwise something to try again. One row that stands there is no proof: two verdicts on one
    /// decision write the same pointer to it.
    fn cancelled(writes: &[Write], error: &SdkError<TransactWriteItemsError>) -> Result<(), TableError> {
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
            return Err(other(error));
        };
        let (mut first, mut stands) = (None, true);
        for (index, (reason, write)) in cancelled.cancellation_reasons().iter().zip(writes).enumerate() {
            match reason.code() {
                None | Some("None") => stands &= !matches!(write, Write::Put { .. }),
                Some("ConditionalCheckFailed") => {
                    let current = reason.item().map(|found| parse(write.key().shelf, found)).transpose()?;
                    stands &= !matches!(write, Write::Put { item, .. } if current.as_ref() != Some(item));
                    first.get_or_insert(conflict(index, current));
                }
                Some(code @ "TransactionConflict") => return Err(TableError::Contended(code.to_owned())),
                Some(code) => return Err(TableError::Unavailable(format!("transaction cancelled: {code}"))),
            }
        }
        let puts = writes.iter().any(|write| matches!(write, Write::Put { .. }));
        if first.is_some() && puts && stands {
            return Ok(());
        }
        Err(first.unwrap_or_else(|| other(error)))
    }

    fn transact_item(&self, write: &Write) -> Result<TransactWriteItem, TableError> {
        let invalid = |e: aws_sdk_dynamodb::error::BuildError| TableError::Invalid(e.to_string());
        let old = ReturnValuesOnConditionCheckFailure::AllOld;
        let built = TransactWriteItem::builder();
        Ok(match write {
            Write::Put { item, condition } => {
                let (expression, values) = condition_expression(*condition);
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(attributes(item)))
                    .condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old);
                built.put(put.build().map_err(invalid)?)
            }
            Write::Check { key, condition } => {
                let (expression, values) = condition_expression(*condition);
                let check = ConditionCheck::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_attributes(key)))
                    .condition_expression(expression)
                    .set_expression_attribute_values(values)
                    .return_values_on_condition_check_failure(old);
                built.condition_check(check.build().map_err(invalid)?)
            }
            Write::Delete { key } => {
                let delete = Delete::builder().table_name(&self.name).set_key(Some(key_attributes(key)));
                built.delete(delete.build().map_err(invalid)?)
            }
            Write::Add { key, deltas, at_least } => {
                let (names, values) = add_names_and_values(deltas, at_least);
                let update = Update::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_attributes(key)))
                    .update_expression(add_expression(deltas))
                    .set_condition_expression(at_least_expression(at_least))
                    .set_expression_attribute_names(Some(names))
                    .set_expression_attribute_values(Some(values))
                    .return_values_on_condition_check_failure(old);
                built.update(update.build().map_err(invalid)?)
            }
        }
        .build())
    }
}

fn conflict(index: usize, current: Option<Item>) -> TableError {
    TableError::Conflict(Box::new(Conflict { index, current }))
}

/// Words by which the embedded store says that its file can't be written any more.
const BROKEN: [&str; 5] = ["disk is full", "disk I/O error", "malformed", "readonly", "not a database"];

fn other<E: ProvideErrorMetadata + std::error::Error + 'static, R>(error: &SdkError<E, R>) -> TableError {
    let code = error.code().unwrap_or("no answer").to_owned();
    let message = error.message().map(str::to_owned).unwrap_or_else(|| error.to_string());
    let text = format!("{code}: {message}");
    if BROKEN.iter().any(|word| message.contains(word)) {
        TableError::Broken(message)
    } else if code == "ValidationException" {
        TableError::Invalid(text)
    } else if code == "TransactionConflictException" {
        TableError::Contended(text)
    } else {
        TableError::Unavailable(text)
    }
}

fn key_attributes(key: &Key) -> Attributes {
    let text = |s: &str| AttributeValue::S(s.to_owned());
    Attributes::from([("pk".to_owned(), text(&key.pk)), ("sk".to_owned(), text(&key.sk))])
}

fn attributes(item: &Item) -> Attributes {
    let mut attributes = key_attributes(&item.key);
    attributes.insert("v".to_owned(), AttributeValue::N(item.version.to_string()));
    attributes.insert("b".to_owned(), AttributeValue::S(item.body.clone()));
    for (name, amount) in &item.counters {
        attributes.insert(format!("c_{name}"), AttributeValue::N(amount.to_string()));
    }
    attributes
}

fn parse(shelf: Shelf, attributes: &Attributes) -> Result<Item, TableError> {
    let text = |name: &str| attributes.get(name).and_then(|a| a.as_s().ok()).cloned();
    let number = |name: &str| attributes.get(name).and_then(|a| a.as_n().ok());
    let bad = |what: &str| TableError::Invalid(format!("an item has no readable {what}"));
    let key = Key { shelf, pk: text("pk").ok_or_else(|| bad("pk"))?, sk: text("sk").ok_or_else(|| bad("sk"))? };
    let version = number("v").map_or(Ok(0), |v| v.parse().map_err(|_| bad("version")))?;
    let mut counters = BTreeMap::new();
    for (name, value) in attributes.iter().filter_map(|(n, v)| Some((n.strip_prefix("c_")?, v.as_n().ok()?))) {
        counters.insert(name.to_owned(), value.parse().map_err(|_| bad("counter"))?);
    }
    Ok(Item { key, version, body: text("b").unwrap_or_default(), counters })
}

fn condition_expression(condition: Condition) -> (String, Option<Attributes>) {
    match condition {
        Condition::Absent => ("attribute_not_exists(pk)".to_owned(), None),
        Condition::Version(version) => {
            let expected = AttributeValue::N(version.to_string());
            ("v = :expected".to_owned(), Some(Attributes::from([(":expected".to_owned(), expected)])))
        }
    }
}

type Amounts = BTreeMap<String, desk::money::Amount>;

fn add_expression(deltas: &Amounts) -> String {
    let parts: Vec<String> = (0..deltas.len()).map(|i| format!("#d{i} :d{i}")).collect();
    format!("ADD {}", parts.join(", "))
}

fn at_least_expression(at_least: &Amounts) -> Option<String> {
    let parts: Vec<String> = (0..at_least.len()).map(|i| format!("#l{i} >= :l{i}")).collect();
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

fn add_names_and_values(deltas: &Amounts, at_least: &Amounts) -> (HashMap<String, String>, Attributes) {
    let mut names = HashMap::new();
    let mut values = Attributes::new();
    for (letter, amounts) in [('d', deltas), ('l', at_least)] {
        for (i, (name, amount)) in amounts.iter().enumerate() {
            names.insert(format!("#{letter}{i}"), format!("c_{name}"));
            values.insert(format!(":{letter}{i}"), AttributeValue::N(amount.to_string()));
        }
    }
    (names, values)
}

impl Table for DynamoTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key_attributes(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| other(&error))?;
        got.item().map(|found| parse(key.shelf, found)).transpose()
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        let wanted = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut found: Vec<Item> = Vec::new();
        let start = |sk: &String| key_attributes(&Key { shelf: query.shelf, pk: query.pk.clone(), sk: sk.clone() });
        let mut after = query.after.as_ref().map(start);
        let (condition, prefix) = if query.prefix.is_empty() {
            ("pk = :pk", None)
        } else {
            ("pk = :pk AND begins_with(sk, :prefix)", Some(AttributeValue::S(query.prefix.clone())))
        };
        while found.len() < wanted {
            let rest = i32::try_from(wanted - found.len()).unwrap_or(i32::MAX);
            let mut values = Attributes::from([(":pk".to_owned(), AttributeValue::S(query.pk.clone()))]);
            values.extend(prefix.clone().map(|p| (":prefix".to_owned(), p)));
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression(condition)
                .set_expression_attribute_values(Some(values))
                .set_exclusive_start_key(after.take())
                .scan_index_forward(!query.descending)
                .consistent_read(true)
                .limit(rest)
                .send()
                .await
                .map_err(|error| other(&error))?;
            for item in page.items() {
                found.push(parse(query.shelf, item)?);
            }
            match page.last_evaluated_key() {
                Some(key) => after = Some(key.clone()),
                None => break,
            }
        }
        Ok(found)
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        if let [Write::Put { item, condition }] = writes.as_slice() {
            return self.put(item, *condition).await;
        }
        let items = writes.iter().map(|w| self.transact_item(w)).collect::<Result<Vec<_>, _>>()?;
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Self::cancelled(&writes, &error),
        }
    }
}
