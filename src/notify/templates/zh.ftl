# 通知：标题、开头、链接文字，以及短信用的简短形式（含链接不超过 70 个字）。

greeting = { $name }，您好：
no-code-by-phone = 我们绝不会在电话里询问代码。只在您家门口说出代码。
sign-off = { $shop }，订单 { $reference }
call-the-shop = 有疑问？商店电话：{ $phone }
own-page = 此链接仅供您本人使用。持有链接的人可以代您回答。

ask-subject = { $shop }：{ $day } { $window } 您在家吗？
ask-lead = { $day } { $window } 您在家吗？在您回答之前不会有人出发。
ask-button = 回答
ask-short = { $shop }：{ $day } { $window } 在家吗？{ $link }

reminder-subject = { $shop }：{ $day } { $window } 您在家吗？尚未收到回答
reminder-lead = 我们还没有收到您的回答。{ $day } { $window } 您在家吗？
reminder-button = 回答
reminder-short = { $shop }：尚无回答。{ $window } 在家吗？{ $link }

last-ask-subject = { $shop }：{ $window } 之前最后一次询问
last-ask-lead = 我们联系不上您。请现在告诉我们 { $day } { $window } 您是否在家。没有回答，订单那时可能不会送来。
last-ask-button = 现在回答
last-ask-short = { $shop }：最后询问，{ $window } 在家吗？{ $link }

on-the-way-subject = { $shop }：{ $courier } 正在前往您处
on-the-way-lead = { $courier } 带着您的订单，{ $day } { $window } 到。门口代码在您的页面上。
on-the-way-button = 查看订单位置
on-the-way-short = { $shop }：已出发，{ $window }。代码：{ $link }

late-subject = { $shop }：我们要晚到了，新时间 { $window }
late-lead = 我们要晚到了。您的订单改为 { $day } { $window } 到。如果不合适，请选择其他时间。
late-button = 仍在家，或其他时间
late-short = { $shop }：晚到，新时间 { $window }。{ $link }

missed-subject = { $shop }：{ $at } 没有见到您
missed-lead = { $courier } { $at } 到过您门口，没有见到人。门口没有留下东西，也没有扣款。
missed-button = 选择接下来怎么办
missed-short = { $shop }：{ $at } 没见到您。改时间：{ $link }

handed-over-subject = { $shop }：您的订单已于 { $at } 交付
handed-over-lead = 您的订单已于 { $day } { $at } 交付。收据在您的页面上。不是您收的？请立即告诉商店。
handed-over-button = 查看收据
handed-over-short = { $shop }：{ $at } 已交付。收据：{ $link }

cancelled-subject = { $shop }：您的订单已取消
cancelled-lead = 订单 { $reference } 已取消，不会送来。冻结的款项会退还。
cancelled-button = 查看详情
cancelled-short = { $shop }：订单已取消。{ $link }

payment-wanted-subject = { $shop }：付款没有成功
payment-wanted-lead = 您的订单 { $reference } 的款项没能冻结，或者在送到之前冻结就会到期。商店拿到新的付款之前不会有人出发。
payment-wanted-button = 查看需要什么
payment-wanted-short = { $shop }：付款未成功。{ $link }

courier-sign-in-code-subject = 您的登录码
courier-sign-in-code-lead = 您的登录码是 { $code }。几分钟内有效，只能用一次。不是您要的？那就不用管它。
courier-sign-in-code-short = 登录码：{ $code }
